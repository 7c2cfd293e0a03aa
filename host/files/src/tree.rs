//! A sandbox's root, and the operations on it.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use cap_std::fs::Dir;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::mount::Mount;
use crate::namespace::{Namespace, Node, NodeId, ROOT};
use crate::pool::{Pool, Stack};
use crate::scan::scan;
use crate::usage::{Account, Registry, Slot, lock};
use crate::world::{Machine, World};
use crate::{Error, File, Limits, Result, Usage, disk};

/// How long an open waits for the former owner of the upper directory to go: a killed process gives
/// it back within milliseconds.
const OWNER_WAIT: Duration = Duration::from_secs(2);
/// Between two attempts.
const OWNER_POLL: Duration = Duration::from_millis(10);

/// A sandbox's root. Its operations come by path from the root, or, as `…_at`, relative to an open
/// [`Directory`].
#[derive(Debug)]
pub struct Tree {
    account: Arc<Account>,
    /// What its `/proc` tells.
    pub(crate) world: Arc<World>,
    pub(crate) namespace: Mutex<Namespace>,
    /// The sandbox's directory and the pool, if its layer can be frozen.
    home: Option<(PathBuf, Pool)>,
}

/// An open directory; it goes on meaning the same directory when that is renamed.
#[derive(Debug)]
pub struct Directory {
    tree: Arc<Tree>,
    pub(crate) node: NodeId,
    /// Through which it was reached, if it is one of a volume.
    pub(crate) mount: Option<Arc<Mount>>,
    /// The process that it was opened by, 0 for the host: `/proc/self` is that one's.
    pub(crate) caller: u32,
    _slot: Option<Slot>,
}

/// What [`Tree::open_at`] opened.
#[derive(Debug)]
pub enum Handle {
    /// A file or device.
    File(Arc<File>),
    /// A directory.
    Directory(Directory),
    /// The caller's own descriptor of this number, by `/dev/stdin` or `/proc/self/fd/0`.
    Standard(u8),
}

impl Tree {
    /// Opens the root in `upper` (created if missing, mode 0700) over `lowers`, topmost first, and counts
    /// what `upper` already takes.
    ///
    /// # Errors
    /// [`Error::Busy`] if another live tree, of this process or another, still owns `upper` after two
    /// seconds; [`Error::NotFound`] for a missing lower layer.
    pub fn open(upper: &Path, lowers: &[PathBuf], limits: Limits) -> Result<Arc<Tree>> {
        Self::over(upper, &Stack::default(), lowers, limits, None)
    }

    /// Opens the root of the sandbox in `directory`: its `upper`, over the frozen layers of `pool` that it stands on,
    /// over `lowers`. It pays for what shows of frozen layers as for its own. After a freeze or [`Tree::fork`] and with
    /// nothing written since, this takes no longer for many files than for few.
    ///
    /// # Errors
    /// As [`Tree::open`].
    pub fn open_stacked(directory: &Path, pool: &Pool, lowers: &[PathBuf], limits: Limits) -> Result<Arc<Tree>> {
        let stack = pool.stack(directory)?;
        let mut all: Vec<PathBuf> = stack.layers.iter().map(|layer| pool.files(layer)).collect();
        all.extend_from_slice(lowers);
        let home = Some((directory.to_owned(), pool.clone()));
        Self::over(&directory.join("upper"), &stack, &all, limits, home)
    }

    fn over(
        upper: &Path,
        stack: &Stack,
        lowers: &[PathBuf],
        limits: Limits,
        home: Option<(PathBuf, Pool)>,
    ) -> Result<Arc<Tree>> {
        DirBuilder::new().recursive(true).mode(0o700).create(upper)?;
        let upper = disk::open_ambient(upper)?;
        own(&upper)?;
        let account = Account::new(limits);
        let mut root = Node::new(None, "");
        for (layer, path) in lowers.iter().enumerate() {
            root.lowers.push((layer, disk::open_ambient(path)?));
        }
        let found = scan(&upper, &account)?;
        root.upper = Some(upper);
        let mut namespace = Namespace::new(Arc::clone(&account), Arc::new(Registry::default()), root);
        namespace.has_markers = found.has_markers;
        namespace.deepest = found.deepest;
        namespace.owned = (0..stack.layers.len()).collect();
        namespace.next_layer = lowers.len();
        if !namespace.owned.is_empty() {
            if namespace.has_own()? {
                namespace.count_owned()?;
            } else {
                account.force(stack.bytes, stack.inodes);
            }
        }
        Ok(Arc::new(Self {
            world: Arc::clone(&namespace.world),
            account,
            namespace: Mutex::new(namespace),
            home,
        }))
    }

    /// Makes the sandbox in the empty directory `child` a copy of this one as it is at this moment: this one's layer is
    /// frozen, and both stand on it. Running programs notice nothing. Takes milliseconds however much there is; only
    /// files that are open for writing are copied.
    ///
    /// # Errors
    /// [`Error::Exists`] if the child has files; [`Error::TooManyLayers`]; [`Error::Unsupported`] for a tree that was
    /// not opened with a pool. Nothing has changed then.
    pub fn fork(&self, child: &Path) -> Result<()> {
        let (directory, pool) = self.home.as_ref().ok_or(Error::Unsupported)?;
        // Kept to the end: nothing may be written between the freeze and the child's reference.
        let mut namespace = lock(&self.namespace);
        if namespace.has_own()? {
            let stack = pool.stack(directory)?;
            let fresh = disk::open_ambient(&pool.fresh(directory)?)?;
            own(&fresh)?;
            let open = namespace.registry.take_named();
            // From here on no write is under way: what is counted is what is frozen.
            let mut places: Vec<_> = open.iter().map(|inode| (inode, inode.place_mut())).collect();
            let (bytes, inodes) = namespace.registry.unlinked();
            let usage = self.account.usage();
            let (bytes, inodes) = (usage.bytes.saturating_sub(bytes), usage.inodes.saturating_sub(inodes));
            if let Err(error) = pool.freeze(directory, &stack, bytes, inodes) {
                drop(places);
                namespace.registry.restore(&open);
                return Err(error);
            }
            namespace.restack(fresh, &mut places);
        }
        pool.share(directory, child)
    }

    /// Says once what `/proc/cpuinfo`, `/proc/meminfo` and `/proc/stat` tell; until then there is one processor, and
    /// memory is not told.
    pub fn set_machine(&self, machine: Machine) {
        let _ = self.world.machine.set(machine);
    }

    /// The root as an open directory. It takes no handle, so that a program can start in a sandbox in
    /// which others have used up all of them.
    pub fn root(self: &Arc<Self>) -> Directory {
        self.root_of(0)
    }

    /// As [`Tree::root`], for the process of this pid: what it opens from there knows who asks.
    pub fn root_of(self: &Arc<Self>, caller: u32) -> Directory {
        self.pinned((ROOT, None), None, caller)
    }

    /// What the sandbox takes now.
    pub fn usage(&self) -> Usage {
        self.account.usage()
    }

    /// What it may take.
    pub fn limits(&self) -> Limits {
        self.account.limits()
    }

    /// Closes the directory handles that are only kept to save time; for a sandbox that has become idle.
    pub fn trim(&self) {
        lock(&self.namespace).trim();
    }

    /// Runs one operation alone. If the host process is out of descriptors, those of the cache are
    /// given up and the operation, which then has changed nothing visible, is tried once more.
    pub(crate) fn with<R>(&self, mut operation: impl FnMut(&mut Namespace) -> Result<R>) -> Result<R> {
        let mut namespace = lock(&self.namespace);
        namespace.sweep();
        match operation(&mut namespace) {
            Err(Error::Handles) => {
                namespace.trim();
                operation(&mut namespace)
            }
            result => result,
        }
    }

    pub(crate) fn account(&self) -> &Arc<Account> {
        &self.account
    }

    pub(crate) fn slot(&self) -> Result<Slot> {
        self.account.slot()
    }

    /// A handle to a node that is already pinned for it, or to the root.
    pub(crate) fn pinned(
        self: &Arc<Self>,
        (node, mount): (NodeId, Option<Arc<Mount>>),
        slot: Option<Slot>,
        caller: u32,
    ) -> Directory {
        Directory {
            tree: Arc::clone(self),
            node,
            mount,
            caller,
            _slot: slot,
        }
    }
}

impl Directory {
    /// The tree it belongs to.
    pub fn tree(&self) -> &Arc<Tree> {
        &self.tree
    }

    /// Its absolute path now.
    pub fn path(&self) -> Result<String> {
        let tree = self.mount.as_ref().map_or(&self.tree, |mount| &mount.volume);
        let path = tree.with(|namespace| namespace.path(self.node))?;
        self.tree.path_through(self.mount.as_ref(), path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let tree = self.mount.as_ref().map_or(&self.tree, |mount| &mount.volume);
        lock(&tree.namespace).unpin(self.node);
    }
}

/// Makes sure that nobody else renames or counts in this directory.
fn own(upper: &Dir) -> Result<()> {
    let until = Instant::now() + OWNER_WAIT;
    loop {
        match flock(upper, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::AGAIN) if Instant::now() < until => thread::sleep(OWNER_POLL),
            Err(Errno::AGAIN) => return Err(Error::Busy),
            Err(error) => return Err(error.into()),
        }
    }
}
