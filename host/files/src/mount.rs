//! Volumes: trees of their own that show at a place in other trees, in several at once.
//!
//! A path is walked in one tree until it leaves it, into a volume or out of one; then the walk goes on in the other, where
//! the operation in the end happens, under that tree's lock. What several sandboxes do in one volume so happens in one
//! order, as it would on one disk. Links are read where they lie and resolved from where the program stands: an absolute
//! one starts at the sandbox's root, and `..` at a volume's top leads back into the sandbox.

use std::borrow::Cow;
use std::sync::Arc;

use crate::at::Base;
use crate::name::Name;
use crate::namespace::{Namespace, NodeId, ROOT};
use crate::resolve::{Last, Target};
use crate::tree::Tree;
use crate::usage::lock;
use crate::{Error, Kind, MAX_MOUNTS, Result};

/// Between trees in one resolution: every one costs a lock. Links within the trees are counted there.
const MAX_CROSSINGS: usize = 64;
/// Tries of an operation on two places that somebody else moves meanwhile.
const TRIES: usize = 8;

/// Where a walk ends: the node and the path from it, and the mount through which its tree was reached.
type Lead = ((NodeId, String), Option<Arc<Mount>>);

/// A volume's place in a tree.
#[derive(Debug)]
pub(crate) struct Mount {
    pub(crate) volume: Arc<Tree>,
    /// What of the volume shows; pinned there.
    top: NodeId,
    read_only: bool,
    /// Where it shows; pinned in the tree it is mounted in.
    pub(crate) point: NodeId,
}

impl Drop for Mount {
    fn drop(&mut self) {
        lock(&self.volume.namespace).unpin(self.top);
    }
}

/// How a volume is looked at, for one operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    top: NodeId,
    read_only: bool,
}

/// Where a walk goes on that has left its tree.
#[derive(Debug)]
pub(crate) enum Crossing {
    Into(Arc<Mount>, String),
    Out(String),
}

impl Namespace {
    /// The volume that shows at this directory.
    fn mount_at(&self, id: NodeId) -> Option<&Arc<Mount>> {
        self.mounts.iter().find(|mount| mount.point == id)
    }

    /// Stops a walk that has come to where a volume shows.
    pub(crate) fn stay_outside(&mut self, id: NodeId, rest: &str) -> Result<()> {
        let Some(mount) = self.mount_at(id) else {
            return Ok(());
        };
        self.crossing = Some(Crossing::Into(Arc::clone(mount), rest.to_owned()));
        Err(Error::CrossDevice)
    }

    /// As [`Namespace::stay_outside`] for a name at the end of a path.
    pub(crate) fn stay_outside_name(&mut self, dir: NodeId, name: Name<'_>) -> Result<()> {
        if self.mounts.is_empty() {
            return Ok(());
        }
        match self.known_child(dir, name.as_str())? {
            Some(id) => self.stay_outside(id, "."),
            None => Ok(()),
        }
    }

    /// Stops a walk in a volume that starts at the root of the sandbox.
    pub(crate) fn stay_inside(&mut self, rest: &str) -> Result<()> {
        if self.view.is_none() {
            return Ok(());
        }
        self.crossing = Some(Crossing::Out(rest.to_owned()));
        Err(Error::CrossDevice)
    }

    /// One directory up, or out of the volume.
    pub(crate) fn up(&mut self, at: NodeId, rest: &str) -> Result<NodeId> {
        let parent = self.node(at)?.parent;
        let Some(view) = self.view else {
            return Ok(parent.unwrap_or(ROOT));
        };
        if at == view.top {
            self.crossing = Some(Crossing::Out(format!("../{rest}")));
            return Err(Error::CrossDevice);
        }
        // Somebody else may have moved it out of what shows here.
        let parent = parent.ok_or(Error::NotFound)?;
        if self.ancestors(parent)?.contains(&view.top) {
            Ok(parent)
        } else {
            Err(Error::NotFound)
        }
    }

    /// Whether what is looked at may be changed from here.
    pub(crate) fn writable(&self) -> Result<()> {
        match self.view {
            Some(view) if view.read_only => Err(Error::ReadOnly),
            _ => Ok(()),
        }
    }

    /// That a name is not where a volume shows; `below`: nor anything in it.
    pub(crate) fn not_a_mount(&mut self, dir: NodeId, name: Name<'_>, below: bool) -> Result<()> {
        if self.mounts.is_empty() {
            return Ok(());
        }
        let Some(id) = self.known_child(dir, name.as_str())? else {
            return Ok(());
        };
        for mount in &self.mounts {
            if mount.point == id || (below && self.ancestors(mount.point)?.contains(&id)) {
                return Err(Error::Busy);
            }
        }
        Ok(())
    }
}

impl Tree {
    /// Opens a volume: a tree without layers below it and without devices, to be mounted in others.
    ///
    /// # Errors
    /// As [`Tree::open`].
    pub fn open_volume(upper: &std::path::Path, limits: crate::Limits) -> Result<Arc<Tree>> {
        let tree = Tree::open(upper, &[], limits)?;
        lock(&tree.namespace).plain = true;
        Ok(tree)
    }

    /// Shows what lies at `subpath` of a volume (all of it, if that is empty) at `point` of this tree, for as long as this
    /// tree lives. Both directories are made if they are not there; what `point` holds is covered.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a subpath with `..`; [`Error::Busy`] if `point` is the root, a device directory, or within
    /// another volume; [`Error::TooManyLinks`] beyond [`MAX_MOUNTS`]; what making the directories says.
    pub fn mount(self: &Arc<Self>, point: &str, volume: &Arc<Tree>, subpath: &str, read_only: bool) -> Result<()> {
        let subpath = subpath.trim_matches('/');
        if subpath.split('/').any(|part| part == "..") {
            return Err(Error::Invalid);
        }
        if !subpath.is_empty() {
            volume.create_dir_all(subpath, 0o755)?;
        }
        self.create_dir_all(point, 0o755)?;
        let top = pinned(volume, if subpath.is_empty() { "/" } else { subpath })?;
        let mut mount = Mount {
            volume: Arc::clone(volume),
            top,
            read_only,
            point: ROOT,
        };
        let mut names = lock(&self.namespace);
        let place = names.directory(ROOT, point);
        if names.crossing.take().is_some() {
            return Err(Error::Busy);
        }
        mount.point = place?;
        if mount.point == ROOT || names.node(mount.point)?.virtual_dir.is_some() || names.plain {
            return Err(Error::Busy);
        }
        if names.mounts.len() >= MAX_MOUNTS {
            return Err(Error::TooManyLinks);
        }
        names.pin(mount.point)?;
        names.mounts.push(Arc::new(mount));
        Ok(())
    }

    /// Runs an operation on one path in the tree where that leads; gives the mount through which it came there.
    pub(crate) fn at<R>(
        &self,
        base: Base<'_>,
        path: &str,
        mut operation: impl FnMut(&mut Namespace, NodeId, &str) -> Result<R>,
    ) -> Result<(R, Option<Arc<Mount>>)> {
        let mut mount = base.mount.cloned();
        let mut node = base.node;
        let mut path = Cow::Borrowed(path);
        for _ in 0..MAX_CROSSINGS {
            let tree = mount.as_ref().map_or(self, |mount| &mount.volume);
            let (result, crossing) = tree.viewed(mount.as_ref(), base.caller, |names| operation(names, node, &path));
            match crossing {
                None => return result.map(|done| (done, mount)),
                Some(Crossing::Into(into, rest)) => {
                    node = into.top;
                    path = Cow::Owned(rest);
                    mount = Some(into);
                }
                Some(Crossing::Out(rest)) => {
                    let left = mount.take().ok_or(Error::NotFound)?;
                    node = if rest.starts_with('/') { ROOT } else { left.point };
                    path = Cow::Owned(rest);
                }
            }
        }
        Err(Error::Loop)
    }

    /// Runs an operation on two paths, which must lead into the same tree through the same mount.
    pub(crate) fn at_both<R>(
        &self,
        (from_base, from, from_last): (Base<'_>, &str, Last),
        (to_base, to): (Base<'_>, &str),
        mut operation: impl FnMut(&mut Namespace, (NodeId, &str), (NodeId, &str)) -> Result<R>,
    ) -> Result<R> {
        if from_base.mount.is_none() && to_base.mount.is_none() {
            let both = |names: &mut Namespace| operation(names, (from_base.node, from), (to_base.node, to));
            let (result, crossing) = self.viewed(None, from_base.caller, both);
            if crossing.is_none() {
                return result;
            }
        }
        for _ in 0..TRIES {
            let ((from_node, from), from_mount) = self.leads(from_base, from, from_last)?;
            let ((to_node, to), to_mount) = self.leads(to_base, to, Last::Entry)?;
            let same = match (&from_mount, &to_mount) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (None, None) => true,
                _ => false,
            };
            if !same {
                return Err(Error::CrossDevice);
            }
            let tree = from_mount.as_ref().map_or(self, |mount| &mount.volume);
            let both = |names: &mut Namespace| operation(names, (from_node, &from), (to_node, &to));
            let (result, crossing) = tree.viewed(from_mount.as_ref(), from_base.caller, both);
            if crossing.is_none() {
                return result;
            }
        }
        Err(Error::Busy)
    }

    /// The last tree on a path's way, and what of the path is walked there.
    fn leads(&self, base: Base<'_>, path: &str, last: Last) -> Result<Lead> {
        self.at(base, path, |names, node, path| {
            names.resolve(node, path, last)?;
            Ok((node, path.to_owned()))
        })
    }

    /// Runs one operation alone, looking through a mount. If the host process is out of descriptors, those of the cache are
    /// given up and the operation, which then has changed nothing visible, is tried once more.
    fn viewed<R>(
        &self,
        mount: Option<&Arc<Mount>>,
        caller: u32,
        mut operation: impl FnMut(&mut Namespace) -> Result<R>,
    ) -> (Result<R>, Option<Crossing>) {
        let mut names = lock(&self.namespace);
        names.sweep();
        names.view = mount.map(|mount| View {
            top: mount.top,
            read_only: mount.read_only,
        });
        names.crossing = None;
        names.caller = caller;
        let mut result = operation(&mut names);
        if matches!(result, Err(Error::Handles)) {
            names.trim();
            result = operation(&mut names);
        }
        names.view = None;
        names.caller = 0;
        (result, names.crossing.take())
    }

    /// The path, as this tree's programs see it, of a directory reached through a mount.
    pub(crate) fn path_through(&self, mount: Option<&Arc<Mount>>, path: String) -> Result<String> {
        let Some(mount) = mount else {
            return Ok(path);
        };
        let top = lock(&mount.volume.namespace).path(mount.top)?;
        let point = lock(&self.namespace).path(mount.point)?;
        let below = path
            .strip_prefix(top.trim_end_matches('/'))
            .ok_or(Error::NotFound)?
            .trim_end_matches('/');
        Ok(format!("{point}{below}"))
    }
}

/// A directory of a tree, kept known.
fn pinned(tree: &Tree, path: &str) -> Result<NodeId> {
    let mut names = lock(&tree.namespace);
    let id = match names.resolve(ROOT, path, Last::Follow)? {
        Target::Node(id) => id,
        Target::Entry(place) => match place.existing()?.kind() {
            Kind::Directory => names.child(place.parent, place.name()?)?,
            _ => return Err(Error::NotDirectory),
        },
    };
    names.pin(id)?;
    Ok(id)
}
