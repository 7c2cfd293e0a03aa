//! Operations relative to an open directory. A path that starts with `/` starts at the sandbox's root
//! all the same. None of them follows a link with the host's kernel.

use std::sync::Arc;

use crate::copy_up::Contents;
use crate::layers::Found;
use crate::mount::Mount;
use crate::name::Name;
use crate::namespace::{Namespace, NodeId, ROOT};
use crate::open::Opened;
use crate::resolve::{Last, Place, Target};
use crate::tree::{Directory, Handle, Tree};
use crate::virtual_dir::Link;
use crate::{Entry, Error, Kind, Layer, NewTime, OpenOptions, Result, Status, disk};

/// Where a path starts: the root, or an open directory, which may be one of a volume.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Base<'a> {
    pub(crate) node: NodeId,
    pub(crate) mount: Option<&'a Arc<Mount>>,
    /// The process that asks, 0 for the host.
    pub(crate) caller: u32,
}

impl<'a> From<&'a Directory> for Base<'a> {
    fn from(directory: &'a Directory) -> Self {
        Self {
            node: directory.node,
            mount: directory.mount.as_ref(),
            caller: directory.caller,
        }
    }
}

impl Base<'_> {
    pub(crate) const ROOT: Base<'static> = Base {
        node: ROOT,
        mount: None,
        caller: 0,
    };
}

impl Tree {
    /// Opens or creates a file, or opens a directory.
    pub fn open_at(self: &Arc<Self>, base: &Directory, path: &str, how: &OpenOptions) -> Result<Handle> {
        self.do_open(base.into(), path, how)
    }

    pub(crate) fn do_open(self: &Arc<Self>, base: Base<'_>, path: &str, how: &OpenOptions) -> Result<Handle> {
        let mut slot = Some(self.slot()?);
        let (opened, mount) = self.at(base, path, |names, base, path| {
            let opened = names.open(base, path, how, &mut slot, &self.world)?;
            if let Opened::Directory(id) = &opened {
                names.pin(*id)?;
            }
            Ok(opened)
        })?;
        match (opened, slot) {
            (Opened::File(file), _) => Ok(Handle::File(Arc::new(file))),
            (Opened::Directory(id), slot) => Ok(Handle::Directory(self.pinned((id, mount), slot, base.caller))),
            (Opened::Standard(number), _) => Ok(Handle::Standard(number)),
        }
    }

    /// Attributes; `follow` follows a link at the end.
    pub fn stat_at(&self, base: &Directory, path: &str, follow: bool) -> Result<Status> {
        self.do_stat(base.into(), path, follow)
    }

    pub(crate) fn do_stat(&self, base: Base<'_>, path: &str, follow: bool) -> Result<Status> {
        self.at(base, path, |names, base, path| {
            match names.resolve(base, path, Last::follow_if(follow))? {
                Target::Node(id) => names.node_status(id),
                // A descriptor, of which only its owner knows more.
                Target::Entry(Place {
                    found: Some(Found::Link(Link::Descriptor(..))),
                    ..
                }) if follow => Ok(Status::of_stream()),
                Target::Entry(place) => names.entry_status(place.parent, place.name()?, &place.existing()?),
            }
        })
        .map(|(done, _)| done)
    }

    /// The entries of a directory, merged over all layers, sorted by name.
    pub fn read_dir_at(&self, base: &Directory, path: &str) -> Result<Vec<Entry>> {
        self.do_read_dir(base.into(), path)
    }

    pub(crate) fn do_read_dir(&self, base: Base<'_>, path: &str) -> Result<Vec<Entry>> {
        let (mut shown, _) = self.at(base, path, |names, base, path| {
            let id = names.directory(base, path)?;
            names.list(id)
        })?;
        shown.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(shown.into_iter().map(|(name, kind)| Entry { name, kind }).collect())
    }

    /// Creates one directory.
    pub fn create_dir_at(&self, base: &Directory, path: &str, mode: u32) -> Result<()> {
        self.do_create_dir(base.into(), path, mode)
    }

    pub(crate) fn do_create_dir(&self, base: Base<'_>, path: &str, mode: u32) -> Result<()> {
        self.at(base, path, |names, base, path| {
            let place = names.place(base, path, Last::Entry, Error::Exists)?;
            names.create_dir(&place, mode)
        })
        .map(|(done, _)| done)
    }

    /// Removes anything but a directory; a link itself, not what it points to.
    pub fn remove_file_at(&self, base: &Directory, path: &str) -> Result<()> {
        self.do_remove_file(base.into(), path)
    }

    pub(crate) fn do_remove_file(&self, base: Base<'_>, path: &str) -> Result<()> {
        self.at(base, path, |names, base, path| {
            let place = names.place(base, path, Last::Entry, Error::IsDirectory)?;
            let found = place.existing()?;
            names.remove_file(place.parent, place.name()?, &found)
        })
        .map(|(done, _)| done)
    }

    /// Removes an empty directory.
    pub fn remove_dir_at(&self, base: &Directory, path: &str) -> Result<()> {
        self.do_remove_dir(base.into(), path)
    }

    pub(crate) fn do_remove_dir(&self, base: Base<'_>, path: &str) -> Result<()> {
        self.at(base, path, |names, base, path| {
            let place = names.place(base, path, Last::Entry, Error::Invalid)?;
            let found = place.existing()?;
            names.remove_dir(place.parent, place.name()?, &found)
        })
        .map(|(done, _)| done)
    }

    /// Renames, replacing what POSIX lets it replace. A directory with a lower part is copied up whole.
    pub fn rename_at(&self, from_base: &Directory, from: &str, to_base: &Directory, to: &str) -> Result<()> {
        self.do_rename(from_base.into(), from, to_base.into(), to)
    }

    pub(crate) fn do_rename(&self, from_base: Base<'_>, from: &str, to_base: Base<'_>, to: &str) -> Result<()> {
        let from = (from_base, from, Last::Entry);
        self.at_both(from, (to_base, to), |names, from, to| {
            let from = names.place(from.0, from.1, Last::Entry, Error::Busy)?;
            let to = names.place(to.0, to.1, Last::Entry, Error::Busy)?;
            names.rename(&from, &to)
        })
    }

    /// Makes a symbolic link that holds `target`, any text; where it leads is decided at each use.
    pub fn symlink_at(&self, target: &str, base: &Directory, path: &str) -> Result<()> {
        self.do_symlink(target, base.into(), path)
    }

    pub(crate) fn do_symlink(&self, target: &str, base: Base<'_>, path: &str) -> Result<()> {
        self.at(base, path, |names, base, path| {
            let place = names.place(base, path, Last::Entry, Error::Exists)?;
            names.symlink(target, &place)
        })
        .map(|(done, _)| done)
    }

    /// What a symbolic link holds; [`Error::Invalid`] for anything else.
    pub fn read_link_at(&self, base: &Directory, path: &str) -> Result<String> {
        self.do_read_link(base.into(), path)
    }

    pub(crate) fn do_read_link(&self, base: Base<'_>, path: &str) -> Result<String> {
        self.at(base, path, |names, base, path| {
            let place = names.place(base, path, Last::Stay, Error::Invalid)?;
            let found = place.existing()?;
            match found.kind() {
                Kind::Symlink => names.link_target(place.parent, place.name()?, &found),
                _ => Err(Error::Invalid),
            }
        })
        .map(|(done, _)| done)
    }

    /// Gives a file another name. Only regular files have several; others are [`Error::NotPermitted`].
    pub fn link_at(
        &self,
        from_base: &Directory,
        from: &str,
        follow: bool,
        to_base: &Directory,
        to: &str,
    ) -> Result<()> {
        self.do_link(from_base.into(), from, follow, to_base.into(), to)
    }

    pub(crate) fn do_link(
        &self,
        from_base: Base<'_>,
        from: &str,
        follow: bool,
        to_base: Base<'_>,
        to: &str,
    ) -> Result<()> {
        let last = Last::follow_if(follow);
        self.at_both((from_base, from, last), (to_base, to), |names, from, to| {
            let from = names.place(from.0, from.1, last, Error::NotPermitted)?;
            let to = names.place(to.0, to.1, Last::Entry, Error::Exists)?;
            names.link(&from, &to)
        })
    }

    /// Sets permission bits; over 0o777 is [`Error::Invalid`]. Links are followed.
    pub fn chmod_at(&self, base: &Directory, path: &str, mode: u32) -> Result<()> {
        self.do_chmod(base.into(), path, mode)
    }

    pub(crate) fn do_chmod(&self, base: Base<'_>, path: &str, mode: u32) -> Result<()> {
        if mode > 0o777 {
            return Err(Error::Invalid);
        }
        self.at(base, path, |names, base, path| {
            match names.resolve(base, path, Last::Follow)? {
                Target::Node(id) => chmod_dir(names, id, mode),
                Target::Entry(place) => match place.existing()?.kind() {
                    Kind::Directory => {
                        let id = names.child(place.parent, place.name()?)?;
                        chmod_dir(names, id, mode)
                    }
                    _ => {
                        let name = raise(names, &place)?;
                        let (file, _) = disk::open_file(names.part(place.parent, Layer::Upper)?, name, true, false)?;
                        disk::set_mode(file, false, mode)
                    }
                },
            }
        })
        .map(|(done, _)| done)
    }

    /// Sets times (accessed, modified); `follow` follows a link at the end.
    pub fn set_times_at(
        &self,
        base: &Directory,
        path: &str,
        follow: bool,
        accessed: NewTime,
        modified: NewTime,
    ) -> Result<()> {
        self.do_set_times(base.into(), path, follow, accessed, modified)
    }

    pub(crate) fn do_set_times(
        &self,
        base: Base<'_>,
        path: &str,
        follow: bool,
        accessed: NewTime,
        modified: NewTime,
    ) -> Result<()> {
        self.at(base, path, |names, base, path| {
            let id = match names.resolve(base, path, Last::follow_if(follow))? {
                Target::Node(id) => id,
                Target::Entry(place) if place.existing()?.kind() == Kind::Directory => {
                    names.child(place.parent, place.name()?)?
                }
                Target::Entry(place) => {
                    let name = raise(names, &place)?;
                    return disk::set_times(names.part(place.parent, Layer::Upper)?, name, accessed, modified);
                }
            };
            disk::set_open_times(&*names.upper(id)?, accessed, modified)
        })
        .map(|(done, _)| done)
    }

    /// The canonical absolute path of something that exists.
    pub fn canonical_at(&self, base: &Directory, path: &str) -> Result<String> {
        self.do_canonical(base.into(), path)
    }

    pub(crate) fn do_canonical(&self, base: Base<'_>, path: &str) -> Result<String> {
        let (path, mount) = self.at(base, path, |names, base, path| {
            match names.resolve(base, path, Last::Follow)? {
                Target::Node(id) => names.path(id),
                Target::Entry(place) => {
                    place.existing()?;
                    let above = names.path(place.parent)?;
                    Ok(format!("{}/{}", above.trim_end_matches('/'), place.name()?.as_str()))
                }
            }
        })?;
        self.path_through(mount.as_ref(), path)
    }
}

fn chmod_dir(names: &mut Namespace, id: NodeId, mode: u32) -> Result<()> {
    let upper = names.upper(id)?;
    disk::set_mode(&*upper, true, mode)
}

/// Brings what is at a place into the upper layer.
fn raise<'a>(names: &mut Namespace, place: &'a Place) -> Result<Name<'a>> {
    names.writable()?;
    let name = place.name()?;
    names.copy_up(place.parent, name, &place.existing()?, Contents::Keep)?;
    Ok(name)
}
