//! Frozen layers on disk: shared, read-only, and gone with the last one that stands on them.
//!
//! ```text
//! SANDBOX/upper/           the sandbox's own layer
//! SANDBOX/fresh/           the next own layer, while a freeze is under way
//! SANDBOX/stack            id of the frozen layer it stands on; missing: none
//! POOL/<layer>/files/      what was frozen
//! POOL/<layer>/about       the layer below it, and what a sandbox takes that has this layer and nothing of its own
//! POOL/<layer>/users/      one empty file for each sandbox, snapshot and layer that stands directly on it
//! POOL/<layer>/blob        its archive's digest and sizes, once it was exported or imported
//! POOL/incoming-<id>/      a layer that is being imported
//! SNAPSHOT/upper/          empty: the snapshot is whole, and sandboxes can begin as it
//! SNAPSHOT/stack           as a sandbox's
//! ```
//!
//! A snapshot is the directory of a sandbox that nobody ever opens, in a directory `.snapshots` beside the sandboxes.
//!
//! Each change is ordered so that a crash at any point leaves either the old state or the new one: a reference is made
//! before what needs it, and removed after.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{Error, MAX_STACK, Result};

/// Directory of snapshots, beside the sandboxes. No sandbox has such a name.
pub const SNAPSHOTS: &str = ".snapshots";
/// Before the name of a snapshot that uses a layer. No sandbox has such a name either.
const SNAPSHOT_USER: &str = ".snapshot.";

/// Changes to any pool of this process come one at a time: they are rare and short.
static CHANGES: Mutex<()> = Mutex::new(());

pub(crate) fn alone() -> MutexGuard<'static, ()> {
    CHANGES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A directory of frozen layers. It and the sandboxes that use it must lie on one file system.
#[derive(Debug, Clone)]
pub struct Pool(pub(crate) PathBuf);

/// What a sandbox stands on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stack {
    /// Ids, topmost first.
    pub(crate) layers: Vec<String>,
    /// What a sandbox with exactly these and nothing of its own takes.
    pub(crate) bytes: u64,
    pub(crate) inodes: u64,
}

#[derive(Debug, Default)]
pub(crate) struct About {
    pub(crate) below: Option<String>,
    pub(crate) bytes: u64,
    pub(crate) inodes: u64,
}

impl Pool {
    /// The pool in this directory, which is made when the first layer is frozen.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }

    /// Where the files of a layer are.
    pub(crate) fn files(&self, layer: &str) -> PathBuf {
        self.0.join(layer).join("files")
    }

    pub(crate) fn user(&self, layer: &str, user: &str) -> PathBuf {
        self.0.join(layer).join("users").join(user)
    }

    /// The stack of the sandbox in `directory`, after whatever a crash has left undone there.
    pub(crate) fn stack(&self, directory: &Path) -> Result<Stack> {
        let _alone = alone();
        let Some(top) = self.repaired(directory)? else {
            return Ok(Stack::default());
        };
        let about = self.about(&top)?;
        let (bytes, inodes) = (about.bytes, about.inodes);
        let mut layers = vec![top];
        let mut below = about.below;
        while let Some(layer) = below {
            if layers.len() >= MAX_STACK {
                return Err(Error::TooManyLayers);
            }
            below = self.about(&layer)?.below;
            layers.push(layer);
        }
        Ok(Stack { layers, bytes, inodes })
    }

    /// Ends a freeze that was cut short: undone if the files had not moved yet, completed if they had.
    fn repaired(&self, directory: &Path) -> Result<Option<String>> {
        let Some(top) = read_stack(directory)? else {
            return Ok(None);
        };
        let name = name_of(directory)?;
        let about = self.about(&top)?;
        if self.files(&top).is_dir() {
            make_dir(&directory.join("upper"))?;
            if let Some(below) = &about.below {
                remove_if_there(&self.user(below, &name))?;
            }
            return Ok(Some(top));
        }
        if let Some(below) = &about.below {
            create_empty(&self.user(below, &name))?;
        }
        write_stack(directory, about.below.as_deref())?;
        self.drop_user(&top, &name)?;
        Ok(about.below)
    }

    /// An empty directory, to become the sandbox's own layer with [`Pool::freeze`].
    pub(crate) fn fresh(&self, directory: &Path) -> Result<PathBuf> {
        let fresh = directory.join("fresh");
        remove_tree(&fresh)?;
        make_dir(&fresh)?;
        Ok(fresh)
    }

    /// Moves the sandbox's own layer into the pool, on top of what it stands on, and the fresh one into its place. An
    /// error means that nothing has moved.
    pub(crate) fn freeze(&self, directory: &Path, stack: &Stack, bytes: u64, inodes: u64) -> Result<()> {
        let _alone = alone();
        if stack.layers.len() + 1 > MAX_STACK {
            return Err(Error::TooManyLayers);
        }
        let name = name_of(directory)?;
        let below = stack.layers.first();
        let layer = new_id()?;
        fs::create_dir_all(self.0.join(&layer).join("users"))?;
        write_about(&self.0.join(&layer), below.map(String::as_str), bytes, inodes)?;
        create_empty(&self.user(&layer, &name))?;
        if let Some(below) = below {
            create_empty(&self.user(below, &layer))?;
        }
        write_stack(directory, Some(&layer))?;
        let (upper, files) = (directory.join("upper"), self.files(&layer));
        let moved = fs::rename(&upper, &files).and_then(|()| {
            fs::rename(directory.join("fresh"), &upper).inspect_err(|_| {
                let _ = fs::rename(&files, &upper);
            })
        });
        if let Err(error) = moved {
            write_stack(directory, below.map(String::as_str))?;
            self.drop_user(&layer, &name)?;
            return Err(error.into());
        }
        if let Some(below) = below {
            // Left behind, it only keeps the layer alive, and the next opening removes it.
            let _ = remove_if_there(&self.user(below, &name));
        }
        Ok(())
    }

    /// Makes `child`, an existing directory without files yet, a sandbox that stands on the same layers as `parent`.
    pub(crate) fn share(&self, parent: &Path, child: &Path) -> Result<()> {
        let _alone = alone();
        self.share_alone(parent, child)
    }

    pub(crate) fn share_alone(&self, parent: &Path, child: &Path) -> Result<()> {
        let upper = child.join("upper");
        if upper.exists() || child.join("stack").exists() {
            return Err(Error::Exists);
        }
        if let Some(top) = self.repaired(parent)? {
            create_empty(&self.user(&top, &name_of(child)?))?;
            write_stack(child, Some(&top))?;
        }
        make_dir(&upper)
    }

    /// Removes the files of a sandbox that nobody uses any more, and the layers that only it stood on. Succeeds if
    /// there are none.
    ///
    /// # Errors
    /// What the disk says. Called again, it goes on where it stopped.
    pub fn remove(&self, directory: &Path) -> Result<()> {
        let _alone = alone();
        remove_tree(&directory.join("upper"))?;
        remove_tree(&directory.join("fresh"))?;
        if let Some(top) = read_stack(directory)? {
            self.drop_user(&top, &name_of(directory)?)?;
            remove_if_there(&directory.join("stack"))?;
        }
        Ok(())
    }

    /// Forgets users that are gone (sandboxes are the directories beside each other in `sandboxes`), and removes layers
    /// that nothing stands on: for the start, after a crash.
    ///
    /// # Errors
    /// What the disk says.
    pub fn sweep(&self, sandboxes: &Path) -> Result<()> {
        let _alone = alone();
        let snapshots = sandboxes.join(SNAPSHOTS);
        for half in names_in(&snapshots)? {
            let directory = snapshots.join(&half);
            if !directory.join("upper").is_dir() {
                remove_tree(&directory)?;
            }
        }
        let mut again = true;
        while std::mem::take(&mut again) {
            for layer in names_in(&self.0)? {
                if !is_id(&layer) {
                    remove_tree(&self.0.join(&layer))?;
                    continue;
                }
                let users = names_in(&self.0.join(&layer).join("users"))?;
                for user in &users {
                    let lives = if let Some(snapshot) = user.strip_prefix(SNAPSHOT_USER) {
                        // Damage there is no reason to lose the layer.
                        read_stack(&snapshots.join(snapshot)).map_or(true, |top| top.as_deref() == Some(&layer))
                    } else if is_id(user) {
                        self.about(user)
                            .is_ok_and(|about| about.below.as_deref() == Some(&layer))
                    } else {
                        sandboxes.join(user).join("stack").exists()
                    };
                    if !lives {
                        remove_if_there(&self.user(&layer, user))?;
                        again = true;
                    }
                }
                if users.is_empty() {
                    self.discard(&layer)?;
                    again = true;
                }
            }
        }
        Ok(())
    }

    /// One user less; a layer without any goes, and with it, if it was the last one there, what it stood on.
    pub(crate) fn drop_user(&self, layer: &str, user: &str) -> Result<()> {
        let mut next = Some((layer.to_owned(), user.to_owned()));
        while let Some((layer, user)) = next.take() {
            remove_if_there(&self.user(&layer, &user))?;
            if names_in(&self.0.join(&layer).join("users"))?.is_empty() {
                let below = self.about(&layer).ok().and_then(|about| about.below);
                self.discard(&layer)?;
                next = below.map(|below| (below, layer));
            }
        }
        Ok(())
    }

    /// Out of sight first, so that half a layer is never seen.
    fn discard(&self, layer: &str) -> Result<()> {
        let trash = self.0.join(format!("trash-{layer}"));
        match fs::rename(self.0.join(layer), &trash) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
            Ok(()) => remove_tree(&trash),
        }
    }

    pub(crate) fn about(&self, layer: &str) -> Result<About> {
        if !is_id(layer) {
            return Err(Error::Invalid);
        }
        let text = fs::read_to_string(self.0.join(layer).join("about"))?;
        let mut about = About::default();
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("below", id)) => about.below = Some(id.to_owned()),
                Some(("bytes", number)) => about.bytes = number.parse().map_err(|_| Error::Invalid)?,
                Some(("inodes", number)) => about.inodes = number.parse().map_err(|_| Error::Invalid)?,
                _ => return Err(Error::Invalid),
            }
        }
        Ok(about)
    }
}

pub(crate) fn write_about(layer: &Path, below: Option<&str>, bytes: u64, inodes: u64) -> Result<()> {
    let mut text = format!("bytes {bytes}\ninodes {inodes}\n");
    if let Some(below) = below {
        text.push_str(&format!("below {below}\n"));
    }
    replace(&layer.join("about"), &text)
}

pub(crate) fn read_stack(directory: &Path) -> Result<Option<String>> {
    match fs::read_to_string(directory.join("stack")) {
        Ok(text) => {
            let id = text.trim_end();
            if is_id(id) {
                Ok(Some(id.to_owned()))
            } else {
                Err(Error::Invalid)
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn write_stack(directory: &Path, top: Option<&str>) -> Result<()> {
    match top {
        Some(top) => replace(&directory.join("stack"), &format!("{top}\n")),
        None => remove_if_there(&directory.join("stack")),
    }
}

/// Whole and on disk, or as before.
pub(crate) fn replace(path: &Path, text: &str) -> Result<()> {
    let unfinished = path.with_extension("new");
    let mut file = fs::File::create(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    Ok(fs::rename(&unfinished, path)?)
}

pub(crate) fn create_empty(path: &Path) -> Result<()> {
    fs::File::create(path)?;
    Ok(())
}

pub(crate) fn make_dir(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    Ok(fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?)
}

pub(crate) fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Calls that are under way end with an error of their own as their directory goes; one that has just made a file makes
/// a try fail.
pub(crate) fn remove_tree(path: &Path) -> Result<()> {
    let mut result = Ok(());
    for _ in 0..3 {
        result = fs::remove_dir_all(path);
        match &result {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(_) => {}
        }
    }
    Ok(result?)
}

pub(crate) fn names_in(directory: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

/// The name by which a sandbox is known as a user: its directory's; a snapshot's is marked as such.
pub(crate) fn name_of(directory: &Path) -> Result<String> {
    let name = directory
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or(Error::Invalid)?;
    if directory.parent().and_then(Path::file_name) == Some(SNAPSHOTS.as_ref()) {
        return Ok(format!("{SNAPSHOT_USER}{name}"));
    }
    // A sandbox and a layer must not be taken for each other.
    if is_id(name) || name.starts_with('.') {
        Err(Error::Invalid)
    } else {
        Ok(name.to_owned())
    }
}

/// Ids of layers: 32 hex digits, so unlike a sandbox's UUID with its hyphens.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(crate) fn new_id() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::Io(io::Error::other(error.to_string())))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
