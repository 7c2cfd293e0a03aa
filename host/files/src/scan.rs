//! The count at opening: what a sandbox's own layer already takes, and what a crash left in it.

use std::collections::HashSet;
use std::sync::Arc;

use cap_std::fs::Dir;

use crate::name::{Class, classify, on_disk};
use crate::usage::{Account, charged};
use crate::{BLOCK, Error, Kind, MAX_DEPTH, Result, disk};

/// What the scan found out beside the counts.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) has_markers: bool,
    pub(crate) deepest: usize,
    /// Hard-linked files already counted.
    seen: HashSet<(u64, u64)>,
}

/// Counts every object of an upper layer and removes temporary ones.
pub(crate) fn scan(root: &Arc<Dir>, account: &Account) -> Result<Scan> {
    let mut scan = Scan::default();
    let mut stack = vec![(Arc::clone(root), scan.directory(root, account)?)];
    while let Some((dir, names)) = stack.last_mut() {
        let Some(text) = names.pop() else {
            stack.pop();
            continue;
        };
        let name = on_disk(&text).ok_or(Error::Invalid)?;
        let child = disk::open_dir(dir, name)?;
        if matches!(classify(&text), Class::Temporary) {
            remove_contents(&child)?;
            disk::remove_dir(dir, name)?;
            continue;
        }
        if stack.len() > MAX_DEPTH {
            return Err(Error::NameTooLong);
        }
        account.force(BLOCK, 1);
        let below = scan.directory(&child, account)?;
        scan.deepest = scan.deepest.max(stack.len());
        stack.push((child, below));
    }
    Ok(scan)
}

impl Scan {
    /// Counts what is in one directory and returns its subdirectories.
    fn directory(&mut self, dir: &Dir, account: &Account) -> Result<Vec<String>> {
        let mut directories = Vec::new();
        for (text, kind) in disk::entries(dir)? {
            let Some(name) = on_disk(&text) else {
                continue;
            };
            match (classify(&text), kind) {
                (_, Kind::Directory) => directories.push(text),
                (Class::Temporary, _) => disk::unlink(dir, name)?,
                (Class::Marker, _) => self.has_markers = true,
                (Class::Plain, Kind::Regular) => {
                    let stat = disk::stat(dir, name)?.ok_or(Error::NotFound)?;
                    if stat.st_nlink == 1 || self.seen.insert((stat.st_dev, stat.st_ino)) {
                        account.force(charged(u64::try_from(stat.st_size).unwrap_or(0)), 1);
                    }
                }
                (Class::Plain, Kind::Symlink) => account.force(BLOCK, 1),
                (Class::Plain, _) => account.force(0, 1),
            }
        }
        Ok(directories)
    }
}

/// Empties a directory that counts for nothing.
fn remove_contents(top: &Arc<Dir>) -> Result<()> {
    let mut stack = vec![(Arc::clone(top), subdirectories(top)?)];
    while let Some((dir, names)) = stack.last_mut() {
        let Some(text) = names.last() else {
            stack.pop();
            if let Some((dir, names)) = stack.last_mut()
                && let Some(text) = names.pop()
                && let Some(name) = on_disk(&text)
            {
                disk::remove_dir(dir, name)?;
            }
            continue;
        };
        let child = disk::open_dir(dir, on_disk(text).ok_or(Error::Invalid)?)?;
        let below = subdirectories(&child)?;
        stack.push((child, below));
    }
    Ok(())
}

/// Unlinks everything but directories; returns these.
fn subdirectories(dir: &Dir) -> Result<Vec<String>> {
    let mut directories = Vec::new();
    for (text, kind) in disk::entries(dir)? {
        match (kind, on_disk(&text)) {
            (Kind::Directory, _) => directories.push(text),
            (_, Some(name)) => disk::unlink(dir, name)?,
            (_, None) => {}
        }
    }
    Ok(directories)
}
