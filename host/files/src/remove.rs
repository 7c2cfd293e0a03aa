//! Removing entries.

use std::sync::Arc;

use cap_std::fs::Dir;
use rustix::fs::Stat;

use crate::layers::Found;
use crate::name::{Marker, Name};
use crate::namespace::{Namespace, NodeId, ROOT};
use crate::usage::charged;
use crate::{BLOCK, Error, Kind, Layer, Result, disk};

impl Namespace {
    /// Removes anything but a directory.
    pub(crate) fn remove_file(&mut self, dir: NodeId, name: Name<'_>, found: &Found) -> Result<()> {
        self.writable()?;
        if found.kind() == Kind::Directory {
            return Err(Error::IsDirectory);
        }
        let Found::Disk { layer, stat } = found else {
            return Err(Error::ReadOnly);
        };
        self.hide_below(dir, name)?;
        if *layer == Layer::Upper {
            let upper = self.upper(dir)?;
            self.unlink_upper(&upper, name, stat)?;
        }
        Ok(())
    }

    /// Unlinks an upper entry and gives back what it was charged, at once or with its last handle.
    pub(crate) fn unlink_upper(&self, upper: &Dir, name: Name<'_>, stat: &Stat) -> Result<()> {
        self.displace(upper, name, stat, || disk::unlink(upper, name))
    }

    /// Settles the charge of an upper entry that `displace` takes the name of.
    pub(crate) fn displace(
        &self,
        upper: &Dir,
        name: Name<'_>,
        stat: &Stat,
        displace: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        if disk::kind(stat) != Kind::Regular {
            displace()?;
            let bytes = if disk::kind(stat) == Kind::Symlink { BLOCK } else { 0 };
            self.account.refund(bytes, 1);
            return Ok(());
        }
        if stat.st_nlink > 1 {
            return displace();
        }
        if let Some(open) = self.registry.find(stat) {
            displace()?;
            open.unlinked();
            return Ok(());
        }
        // Nobody holds it open and, under the lock, nobody can open it: its size stands still now.
        let stat = disk::stat(upper, name)?.ok_or(Error::NotFound)?;
        displace()?;
        self.account
            .refund(charged(u64::try_from(stat.st_size).unwrap_or(0)), 1);
        Ok(())
    }

    /// Removes an empty directory.
    pub(crate) fn remove_dir(&mut self, dir: NodeId, name: Name<'_>, found: &Found) -> Result<()> {
        self.writable()?;
        if found.kind() != Kind::Directory {
            return Err(Error::NotDirectory);
        }
        if found.is_virtual() {
            return Err(Error::Busy);
        }
        self.not_a_mount(dir, name, false)?;
        let id = self.child(dir, name)?;
        if !self.list(id)?.is_empty() {
            return Err(Error::NotEmpty);
        }
        self.hide_below(dir, name)?;
        let part = self.node(id)?.upper.clone();
        // Forgotten first: should the disk refuse, the next look finds what is really there.
        self.detach(dir, name);
        if let Some(part) = part {
            clear_markers(&part)?;
            let upper = self.upper(dir)?;
            disk::remove_dir(&upper, name)?;
            self.account.refund(BLOCK, 1);
        }
        Ok(())
    }

    /// Takes a directory with all its contents out of sight at once. Returns the name under which its
    /// upper part now waits in the upper root for [`Namespace::empty`], if it had one.
    pub(crate) fn take_away(&mut self, dir: NodeId, name: Name<'_>, found: &Found) -> Result<Option<Marker>> {
        self.writable()?;
        if found.is_virtual() {
            return Err(Error::Busy);
        }
        self.not_a_mount(dir, name, true)?;
        let id = self.child(dir, name)?;
        self.refund_below(id)?;
        self.hide_below(dir, name)?;
        self.detach(dir, name);
        let trash = match found {
            Found::Disk {
                layer: Layer::Upper, ..
            } => {
                let (upper, root) = (self.upper(dir)?, self.upper(ROOT)?);
                let trash = self.temporary();
                disk::rename(&upper, name, &root, trash.name())?;
                Some(trash)
            }
            _ => None,
        };
        Ok(trash)
    }

    /// Empties one directory that was taken away, its subdirectories left out; returns these.
    pub(crate) fn empty(&self, dir: &Dir) -> Result<Vec<String>> {
        let mut directories = Vec::new();
        for (text, kind) in disk::entries(dir)? {
            let Some(name) = crate::name::on_disk(&text) else {
                continue;
            };
            match (kind, crate::name::classify(&text)) {
                (Kind::Directory, _) => directories.push(text),
                (_, crate::name::Class::Plain) => {
                    if let Some(stat) = disk::stat(dir, name)? {
                        self.unlink_upper(dir, name, &stat)?;
                    }
                }
                _ => disk::unlink(dir, name)?,
            }
        }
        Ok(directories)
    }

    /// Removes a directory that [`Namespace::empty`] has emptied.
    pub(crate) fn remove_emptied(&self, parent: &Arc<Dir>, name: Name<'_>) -> Result<()> {
        disk::remove_dir(parent, name)?;
        self.account.refund(BLOCK, 1);
        Ok(())
    }
}

/// Removes the markers in the upper part of a directory in which nothing shows.
pub(crate) fn clear_markers(upper: &Dir) -> Result<()> {
    for (text, kind) in disk::entries(upper)? {
        if kind != Kind::Directory
            && let Some(name) = crate::name::on_disk(&text)
        {
            disk::unlink(upper, name)?;
        }
    }
    Ok(())
}
