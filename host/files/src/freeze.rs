//! Freezing: the upper layer becomes a lower one, under the feet of everybody who has files open.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, RwLockWriteGuard};

use cap_std::fs::Dir;
use rustix::fs::Stat;

use crate::copy_up::Contents;
use crate::layers::Found;
use crate::name::{Class, Name, classify, on_disk};
use crate::namespace::{Namespace, Node, NodeId, ROOT};
use crate::usage::{Account, Inode, Place, charged};
use crate::{BLOCK, Kind, Layer, Limits, Result, disk};

impl Namespace {
    /// Whether the upper layer holds anything at all.
    pub(crate) fn has_own(&self) -> Result<bool> {
        Ok(!disk::entries(self.part(ROOT, Layer::Upper)?)?.is_empty())
    }

    /// Puts `fresh` in the place of the upper layer, which from now on is the topmost lower one. Open files that can
    /// be written go on in a copy of their own; `open` are all that are open and have a name, with nobody at work in them.
    ///
    /// The caller has moved the directories; nothing can fail any more but the copies: a file that cannot be copied
    /// stays readable, and its writers get an error.
    pub(crate) fn restack(&mut self, fresh: Arc<Dir>, open: &mut [(&Arc<Inode>, RwLockWriteGuard<'_, Place>)]) {
        let old = self.node(ROOT).ok().and_then(|root| root.upper.clone());
        let layer = self.next_layer;
        self.next_layer += 1;
        self.owned.push(layer);
        self.freeze_nodes(layer);
        if let Ok(root) = self.node_mut(ROOT) {
            root.upper = Some(fresh);
        }
        self.has_markers = false;
        self.deepest = 0;

        let mut written = HashMap::new();
        for (index, (inode, place)) in open.iter_mut().enumerate() {
            if inode.has_writers() {
                **place = Place::Lost;
                written.insert(inode.number(), index);
            } else {
                **place = Place::Frozen;
            }
        }
        let Some(old) = old.filter(|_| !written.is_empty()) else {
            return;
        };
        for (index, path) in find(&old, &written).unwrap_or_default() {
            let (inode, place) = &mut open[index];
            if matches!(**place, Place::Lost)
                && let Ok((file, stat)) = self.split(&path)
            {
                **place = Place::Moved(file);
                self.registry.put_back(inode, &stat);
            }
        }
    }

    /// Brings a file of the layer just frozen up again, and opens it.
    fn split(&mut self, path: &[String]) -> Result<(std::fs::File, Stat)> {
        let (last, parents) = path.split_last().ok_or(crate::Error::NotFound)?;
        let mut dir = ROOT;
        for parent in parents {
            dir = self.child(dir, Name::new(parent)?)?;
        }
        let name = Name::new(last)?;
        let found = self.lookup(dir, name)?.ok_or(crate::Error::NotFound)?;
        self.copy_up(dir, name, &found, Contents::Keep)?;
        disk::open_file(self.part(dir, Layer::Upper)?, name, true, true)
    }

    // ---- what frozen layers cost: a sandbox pays for what shows of them, as if it were its own

    /// Whether the sandbox pays for this layer.
    pub(crate) fn is_owned(&self, layer: Layer) -> bool {
        matches!(layer, Layer::Lower(number) if self.owned.contains(&number))
    }

    /// What an entry of a frozen layer is charged. One with several names is charged until all of them are gone, which
    /// only the count at opening can tell.
    pub(crate) fn charge_of(stat: &Stat) -> (u64, u64) {
        match disk::kind(stat) {
            Kind::Regular if stat.st_nlink > 1 => (0, 0),
            Kind::Regular => (charged(u64::try_from(stat.st_size).unwrap_or(0)), 1),
            Kind::Directory | Kind::Symlink => (BLOCK, 1),
            Kind::CharacterDevice | Kind::Other => (0, 1),
        }
    }

    /// Gives back what is charged for an entry that shows from a frozen layer and is about to be hidden. One that has
    /// been copied up took its charge along.
    pub(crate) fn refund_shown(&self, dir: NodeId, name: Name<'_>) -> Result<()> {
        if self.owned.is_empty() {
            return Ok(());
        }
        if let Some(Found::Disk { layer, stat }) = self.lookup(dir, name)?
            && self.is_owned(layer)
        {
            let (bytes, inodes) = Self::charge_of(&stat);
            self.account.refund(bytes, inodes);
        }
        Ok(())
    }

    /// Gives back what is charged for everything that shows from frozen layers below a directory.
    pub(crate) fn refund_below(&mut self, top: NodeId) -> Result<()> {
        if self.owned.is_empty() {
            return Ok(());
        }
        self.pin(top)?;
        let result = self.walk_owned(top, &mut |account, stat| {
            let (bytes, inodes) = Self::charge_of(stat);
            account.refund(bytes, inodes);
        });
        self.unpin(top);
        result
    }

    /// Counts what shows from the frozen layers, at opening.
    pub(crate) fn count_owned(&mut self) -> Result<()> {
        let mut seen = std::collections::HashSet::new();
        self.walk_owned(ROOT, &mut |account, stat| {
            let several = disk::kind(stat) == Kind::Regular && stat.st_nlink > 1;
            if !several {
                let (bytes, inodes) = Self::charge_of(stat);
                account.force(bytes, inodes);
            } else if seen.insert((stat.st_dev, stat.st_ino)) {
                account.force(charged(u64::try_from(stat.st_size).unwrap_or(0)), 1);
            }
        })
    }

    /// Visits every entry below `top` that shows from a frozen layer; walks only where such layers have directories.
    fn walk_owned(&mut self, top: NodeId, visit: &mut dyn FnMut(&crate::usage::Account, &Stat)) -> Result<()> {
        let mut stack = vec![(top, self.owned_names(top)?)];
        while let Some((dir, names)) = stack.last_mut() {
            let dir = *dir;
            let Some(text) = names.pop() else {
                stack.pop();
                if dir != top {
                    self.release(dir);
                }
                continue;
            };
            let name = Name::new(&text)?;
            let Some(found) = self.lookup(dir, name)? else {
                continue;
            };
            if let Found::Disk { layer, stat } = &found
                && self.is_owned(*layer)
            {
                visit(&self.account, stat);
            }
            if found.kind() == Kind::Directory && !found.is_virtual() {
                let child = self.child(dir, name)?;
                let names = self.owned_names(child)?;
                stack.push((child, names));
            }
        }
        Ok(())
    }

    /// Names in the frozen parts of a directory, each once.
    fn owned_names(&self, dir: NodeId) -> Result<Vec<String>> {
        let mut names = std::collections::BTreeSet::new();
        for (layer, part) in &self.node(dir)?.lowers {
            if self.owned.contains(layer) {
                let entries = disk::entries(part)?.into_iter();
                names.extend(
                    entries
                        .filter(|(text, _)| matches!(classify(text), Class::Plain))
                        .map(|(text, _)| text),
                );
            }
        }
        Ok(names.into_iter().collect())
    }
}

/// What a sandbox takes that stands on these frozen layers, topmost first, and has nothing of its own.
pub(crate) fn count(layers: &[PathBuf]) -> Result<(u64, u64)> {
    let account = Account::new(Limits {
        bytes: u64::MAX,
        inodes: u64::MAX,
        handles: u64::MAX,
    });
    let mut root = Node::new(None, "");
    for (layer, path) in layers.iter().enumerate() {
        root.lowers.push((layer, disk::open_ambient(path)?));
    }
    let mut namespace = Namespace::new(Arc::clone(&account), Arc::default(), root);
    namespace.owned = (0..layers.len()).collect();
    namespace.count_owned()?;
    let usage = account.usage();
    Ok((usage.bytes, usage.inodes))
}

/// The paths of inodes in a layer, found by their numbers. Stops when all are found.
fn find(root: &Arc<Dir>, wanted: &HashMap<u64, usize>) -> Result<Vec<(usize, Vec<String>)>> {
    let mut found = Vec::new();
    let mut stack = vec![(Arc::clone(root), Vec::new())];
    while let Some((dir, path)) = stack.pop() {
        for (text, kind, number) in disk::numbered_entries(&dir)? {
            let below = || path.iter().cloned().chain([text.clone()]).collect::<Vec<_>>();
            if kind == Kind::Directory {
                if let (Class::Plain, Some(name)) = (classify(&text), on_disk(&text)) {
                    stack.push((disk::open_dir(&dir, name)?, below()));
                }
            } else if let Some(index) = wanted.get(&number) {
                found.push((*index, below()));
                if found.len() == wanted.len() {
                    return Ok(found);
                }
            }
        }
    }
    Ok(found)
}
