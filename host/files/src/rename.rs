//! Renaming, across layers.

use std::sync::Arc;

use crate::copy_up::Contents;
use crate::layers::Found;
use crate::name::Name;
use crate::namespace::{Namespace, NodeId};
use crate::remove::clear_markers;
use crate::resolve::Place;
use crate::{BLOCK, Error, Kind, Layer, MAX_DEPTH, Result, disk};

impl Namespace {
    /// Renames an entry, replacing what POSIX lets it replace.
    pub(crate) fn rename(&mut self, from: &Place, to: &Place) -> Result<()> {
        self.writable()?;
        self.not_a_mount(from.parent, from.name()?, false)?;
        self.not_a_mount(to.parent, to.name()?, false)?;
        let source = from.existing()?;
        if source.is_virtual() || to.found.is_some_and(|found| found.is_virtual()) {
            return Err(Error::Busy);
        }
        if source.kind() == Kind::Directory {
            self.rename_dir(from, to)
        } else {
            self.rename_file(from, &source, to)
        }
    }

    fn rename_file(&mut self, from: &Place, source: &Found, to: &Place) -> Result<()> {
        let (old, new) = (from.name()?, to.name()?);
        match &to.found {
            Some(target) if target.kind() == Kind::Directory => return Err(Error::IsDirectory),
            Some(target) if same_object(source, target) => return Ok(()),
            _ if to.slash => return Err(Error::NotDirectory),
            _ => {}
        }
        let target_dir = self.upper(to.parent)?;
        self.copy_up(from.parent, old, source, Contents::Keep)?;
        self.hide_below(from.parent, old)?;
        let source_dir = self.upper(from.parent)?;
        let rename = || disk::rename(&source_dir, old, &target_dir, new);
        match &to.found {
            Some(Found::Disk {
                layer: Layer::Upper,
                stat,
            }) => self.displace(&target_dir, new, stat, rename),
            Some(Found::Disk { layer, stat }) if self.is_owned(*layer) => {
                rename()?;
                let (bytes, inodes) = Self::charge_of(stat);
                self.account.refund(bytes, inodes);
                Ok(())
            }
            _ => rename(),
        }
    }

    fn rename_dir(&mut self, from: &Place, to: &Place) -> Result<()> {
        let (old, new) = (from.name()?, to.name()?);
        let id = self.child(from.parent, old)?;
        if self.ancestors(to.parent)?.contains(&id) {
            return Err(Error::Invalid);
        }
        if from.parent == to.parent && old == new {
            return Ok(());
        }
        let replaced = match &to.found {
            None => None,
            Some(target) if target.kind() != Kind::Directory => return Err(Error::NotDirectory),
            Some(_) => {
                let target = self.child(to.parent, new)?;
                if !self.list(target)?.is_empty() {
                    return Err(Error::NotEmpty);
                }
                Some(target)
            }
        };
        let target_dir = self.upper(to.parent)?;
        self.make_movable(id, self.depth(to.parent)? + 1)?;
        // From here on the lower layers have nothing to add to either name.
        self.hide_below(to.parent, new)?;
        self.hide_below(from.parent, old)?;
        for known in self.known_below(id) {
            self.node_mut(known)?.lowers.clear();
        }
        let covered = match replaced {
            Some(target) => self.node(target)?.upper.clone(),
            None => None,
        };
        if let Some(part) = &covered {
            clear_markers(part)?;
        }
        self.detach(to.parent, new);
        let source_dir = self.upper(from.parent)?;
        disk::rename(&source_dir, old, &target_dir, new)?;
        if covered.is_some() {
            self.account.refund(BLOCK, 1);
        }
        self.move_node(from.parent, old, to.parent, new)
    }

    /// Brings a directory up whole, and makes sure that it stays within [`MAX_DEPTH`] at its new depth.
    fn make_movable(&mut self, id: NodeId, new_depth: usize) -> Result<()> {
        self.pin(id)?;
        let levels = self.movable_levels(id, new_depth);
        self.unpin(id);
        let deepest = new_depth + levels?;
        if deepest > MAX_DEPTH {
            return Err(Error::NameTooLong);
        }
        self.deepest = self.deepest.max(deepest);
        Ok(())
    }

    fn movable_levels(&mut self, id: NodeId, new_depth: usize) -> Result<usize> {
        if !self.node(id)?.lowers.is_empty() {
            return self.copy_up_tree(id);
        }
        // All of it is in the upper layer, where no directory is deeper than `deepest`.
        let bound = self.deepest.saturating_sub(self.depth(id)?);
        if new_depth + bound <= MAX_DEPTH {
            return Ok(bound);
        }
        upper_levels(self.part(id, Layer::Upper)?)
    }
}

/// Levels of directories below this one.
fn upper_levels(top: &Arc<cap_std::fs::Dir>) -> Result<usize> {
    let mut levels = 0;
    let mut stack = vec![(Arc::clone(top), directories(top)?)];
    while let Some((dir, names)) = stack.last_mut() {
        let Some(text) = names.pop() else {
            stack.pop();
            continue;
        };
        let child = disk::open_dir(dir, Name::new(&text)?)?;
        let below = directories(&child)?;
        stack.push((child, below));
        levels = levels.max(stack.len() - 1);
    }
    Ok(levels)
}

fn directories(dir: &cap_std::fs::Dir) -> Result<Vec<String>> {
    let entries = disk::entries(dir)?.into_iter();
    Ok(entries
        .filter(|(_, kind)| *kind == Kind::Directory)
        .map(|(name, _)| name)
        .collect())
}

fn same_object(a: &Found, b: &Found) -> bool {
    match (a, b) {
        (Found::Disk { layer: x, stat: a }, Found::Disk { layer: y, stat: b }) => {
            x == y && a.st_dev == b.st_dev && a.st_ino == b.st_ino
        }
        _ => false,
    }
}
