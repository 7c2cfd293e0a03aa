//! Opening and creating.

use std::sync::Arc;

use crate::copy_up::Contents;
use crate::file::{Body, File};
use crate::layers::Found;
use crate::name::Name;
use crate::namespace::{Namespace, NodeId};
use crate::resolve::{Last, Place, Target};
use crate::usage::{Slot, Writing};
use crate::virtual_dir::Link;
use crate::world::World;
use crate::{BLOCK, Error, Kind, Layer, OpenOptions, Result, disk};

/// What an open came to.
pub(crate) enum Opened {
    File(File),
    Directory(NodeId),
    /// The caller's own descriptor of this number.
    Standard(u8),
}

impl Namespace {
    /// Opens or creates by path.
    pub(crate) fn open(
        &mut self,
        base: NodeId,
        path: &str,
        how: &OpenOptions,
        slot: &mut Option<Slot>,
        world: &Arc<World>,
    ) -> Result<Opened> {
        if how.truncate && !how.writes() {
            return Err(Error::Invalid);
        }
        let last = match (how.exclusive, how.follow) {
            (true, _) => Last::Entry,
            (false, true) => Last::Follow,
            (false, false) => Last::Stay,
        };
        let place = match self.resolve(base, path, last)? {
            Target::Node(_) if how.exclusive => return Err(Error::Exists),
            Target::Node(id) => return directory(id, how),
            Target::Entry(place) => place,
        };
        let Some(found) = place.found else {
            return self.create(&place, how, slot).map(Opened::File);
        };
        if how.exclusive {
            return Err(Error::Exists);
        }
        if how.writes() {
            self.writable()?;
        }
        match place.existing()?.kind() {
            Kind::Directory => {
                let id = self.child(place.parent, place.name()?)?;
                directory(id, how)
            }
            _ if how.directory => Err(Error::NotDirectory),
            Kind::Symlink => match found {
                Found::Link(Link::Descriptor(pid, number)) if how.follow && pid == self.caller => {
                    Ok(Opened::Standard(number))
                }
                Found::Link(Link::Descriptor(..)) if how.follow => Err(Error::Access),
                _ => Err(Error::Loop),
            },
            Kind::Other => Err(Error::Access),
            Kind::Regular | Kind::CharacterDevice => {
                let body = match found {
                    Found::Device(device) if how.writes() && !device.writable() => return Err(Error::Access),
                    Found::Device(device) => Body::Device {
                        device,
                        world: Arc::clone(world),
                    },
                    found => self.open_existing(place.parent, place.name()?, &found, how)?,
                };
                file(body, how, slot).map(Opened::File)
            }
        }
    }

    fn open_existing(&mut self, dir: NodeId, name: Name<'_>, found: &Found, how: &OpenOptions) -> Result<Body> {
        let Found::Disk { layer, .. } = found else {
            return Err(Error::Access);
        };
        if let Layer::Lower(layer) = *layer
            && !how.writes()
        {
            let part = self.part(dir, Layer::Lower(layer))?;
            let (file, _) = disk::open_file(part, name, true, false)?;
            return Ok(Body::Lower { file, layer });
        }
        let contents = if how.truncate { Contents::Drop } else { Contents::Keep };
        self.copy_up(dir, name, found, contents)?;
        let part = self.part(dir, Layer::Upper)?;
        // Reading costs nothing and lets the mode be read; what the guest may do is checked above it.
        let (file, stat) = disk::open_file(part, name, true, how.writes())?;
        let inode = self.registry.share(&self.account, &stat);
        if how.truncate {
            inode.resize(0, || Ok(file.set_len(0)?))?;
        }
        Ok(Body::Upper { file, inode })
    }

    fn create(&mut self, place: &Place, how: &OpenOptions, slot: &mut Option<Slot>) -> Result<File> {
        if !how.create && !how.exclusive {
            return Err(Error::NotFound);
        }
        if how.directory {
            return Err(Error::Invalid);
        }
        if place.slash {
            return Err(Error::IsDirectory);
        }
        let upper = self.upper(place.parent)?;
        self.account.charge(0, 1)?;
        match disk::create_file(&upper, place.name()?, how.mode & 0o777) {
            Ok((disk_file, stat)) => {
                let inode = self.registry.insert(&self.account, &stat);
                file(Body::Upper { file: disk_file, inode }, how, slot)
            }
            Err(error) => {
                self.account.refund(0, 1);
                Err(error)
            }
        }
    }

    /// Creates one directory.
    pub(crate) fn create_dir(&mut self, place: &Place, mode: u32) -> Result<()> {
        if place.found.is_some() {
            return Err(Error::Exists);
        }
        let name = place.name()?;
        let upper = self.upper(place.parent)?;
        let depth = self.depth(place.parent)? + 1;
        if depth > crate::MAX_DEPTH {
            return Err(Error::NameTooLong);
        }
        self.account.charge(BLOCK, 1)?;
        if let Err(error) = disk::create_dir(&upper, name, mode & 0o777) {
            self.account.refund(BLOCK, 1);
            return Err(error);
        }
        self.deepest = self.deepest.max(depth);
        Ok(())
    }

    /// Makes a symbolic link.
    pub(crate) fn symlink(&mut self, target: &str, place: &Place) -> Result<()> {
        crate::resolve::check(target)?;
        if place.found.is_some() {
            return Err(Error::Exists);
        }
        if place.slash {
            return Err(Error::NotFound);
        }
        let upper = self.upper(place.parent)?;
        self.account.charge(BLOCK, 1)?;
        if let Err(error) = disk::symlink(&upper, place.name()?, target) {
            self.account.refund(BLOCK, 1);
            return Err(error);
        }
        Ok(())
    }

    /// Gives a file another name.
    pub(crate) fn link(&mut self, from: &Place, to: &Place) -> Result<()> {
        self.writable()?;
        let source = from.existing()?;
        if source.kind() != Kind::Regular || source.is_virtual() {
            return Err(Error::NotPermitted);
        }
        if to.found.is_some() {
            return Err(Error::Exists);
        }
        if to.slash {
            return Err(Error::NotFound);
        }
        let target_dir = self.upper(to.parent)?;
        self.copy_up(from.parent, from.name()?, &source, Contents::Keep)?;
        let source_dir = self.upper(from.parent)?;
        disk::link(&source_dir, from.name()?, &target_dir, to.name()?)
    }
}

fn directory(id: NodeId, how: &OpenOptions) -> Result<Opened> {
    if how.writes() || (how.create && !how.directory) {
        return Err(Error::IsDirectory);
    }
    Ok(Opened::Directory(id))
}

fn file(body: Body, how: &OpenOptions, slot: &mut Option<Slot>) -> Result<File> {
    let writing = match &body {
        Body::Upper { inode, .. } if how.writes() => Some(Writing::new(inode)),
        _ => None,
    };
    Ok(File {
        _writing: writing,
        body,
        read: how.read,
        write: how.writes(),
        append: how.append,
        _slot: slot.take().ok_or(Error::Handles)?,
    })
}
