//! What a name means across the layers: the upper entry first, then the lower ones that show through.

use std::sync::Arc;

use cap_std::fs::Dir;
use rustix::fs::Stat;

use crate::device::Device;
use crate::disk;
use crate::name::{Marker, Name, OPAQUE};
use crate::namespace::{Namespace, Node, NodeId, ROOT};
use crate::virtual_dir::{Link, Virtual, VirtualDir};
use crate::{Error, Kind, Layer, MAX_DEPTH, Result, Status};

/// An entry that exists.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found {
    Disk { layer: Layer, stat: Stat },
    Device(Device),
    VirtualDir(VirtualDir),
    Link(Link),
}

impl Found {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Disk { stat, .. } => disk::kind(stat),
            Self::Device(device) => device.status().kind,
            Self::VirtualDir(_) => Kind::Directory,
            Self::Link(_) => Kind::Symlink,
        }
    }

    pub(crate) fn is_virtual(&self) -> bool {
        !matches!(self, Self::Disk { .. })
    }
}

impl Namespace {
    /// Looks a name up in one directory.
    pub(crate) fn lookup(&self, dir: NodeId, name: Name<'_>) -> Result<Option<Found>> {
        let node = self.node(dir)?;
        if let Some(virtual_dir) = node.virtual_dir {
            let found = virtual_dir.find(name.as_str(), &self.world);
            return Ok(found.map(|found| match found {
                Virtual::Dir(dir) => Found::VirtualDir(dir),
                Virtual::Device(device) => Found::Device(device),
                Virtual::Link(link) => Found::Link(link),
            }));
        }
        if let Some(virtual_dir) = self.virtual_child(dir, name) {
            return Ok(Some(Found::VirtualDir(virtual_dir)));
        }
        if let Some(upper) = &node.upper
            && let Some(stat) = disk::stat(upper, name)?
        {
            let layer = Layer::Upper;
            return Ok(Some(Found::Disk { layer, stat }));
        }
        let lower = self.lookup_lower(node, name)?;
        Ok(lower.map(|(layer, stat)| Found::Disk {
            layer: Layer::Lower(layer),
            stat,
        }))
    }

    /// What shows, or would show if there were no upper entry, from the lower layers.
    fn lookup_lower(&self, node: &Node, name: Name<'_>) -> Result<Option<(usize, Stat)>> {
        for (index, (layer, dir)) in node.lowers.iter().enumerate() {
            if let Some(stat) = disk::stat(dir, name)? {
                let shown = !self.hidden_by_upper(node, name)?;
                return Ok(shown.then_some((*layer, stat)));
            }
            if index + 1 < node.lowers.len() && disk::exists(dir, Marker::hiding(name).name())? {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Whether removing the upper entry would bring a lower one to light.
    pub(crate) fn shows_from_below(&self, dir: NodeId, name: Name<'_>) -> Result<bool> {
        Ok(self.lookup_lower(self.node(dir)?, name)?.is_some())
    }

    fn hidden_by_upper(&self, node: &Node, name: Name<'_>) -> Result<bool> {
        match &node.upper {
            Some(upper) if self.has_markers => disk::exists(upper, Marker::hiding(name).name()),
            _ => Ok(false),
        }
    }

    /// The directory of this name, made known if it is not yet.
    pub(crate) fn child(&mut self, parent: NodeId, name: Name<'_>) -> Result<NodeId> {
        if let Some(id) = self.known_child(parent, name.as_str())? {
            return Ok(id);
        }
        let mut child = Node::new(Some(parent), name.as_str());
        if let Some(virtual_dir) = self.virtual_child(parent, name) {
            child.virtual_dir = Some(virtual_dir);
            return self.adopt(parent, child);
        }
        if self.depth(parent)? + 1 > MAX_DEPTH {
            return Err(Error::NameTooLong);
        }
        let node = self.node(parent)?;
        if let Some(upper) = &node.upper
            && let Some(stat) = disk::stat(upper, name)?
        {
            must_be_directory(&stat)?;
            child.upper = Some(disk::open_dir(upper, name)?);
        }
        if !self.is_opaque(node, name, child.upper.as_ref())? {
            child.lowers = open_lowers(&node.lowers, name, child.upper.is_none())?;
        }
        if child.upper.is_none() && child.lowers.is_empty() {
            return Err(Error::NotFound);
        }
        self.adopt(parent, child)
    }

    fn is_opaque(&self, parent: &Node, name: Name<'_>, upper: Option<&Arc<Dir>>) -> Result<bool> {
        if parent.lowers.is_empty() || !self.has_markers {
            return Ok(parent.lowers.is_empty());
        }
        if self.hidden_by_upper(parent, name)? {
            return Ok(true);
        }
        upper.map_or(Ok(false), |upper| disk::exists(upper, OPAQUE))
    }

    fn virtual_child(&self, dir: NodeId, name: Name<'_>) -> Option<VirtualDir> {
        if let Some(above) = self.node(dir).ok()?.virtual_dir {
            return match above.find(name.as_str(), &self.world) {
                Some(Virtual::Dir(dir)) => Some(dir),
                _ => None,
            };
        }
        if dir != ROOT || self.plain {
            return None;
        }
        let wanted = |virtual_dir: &VirtualDir| virtual_dir.name() == name.as_str();
        VirtualDir::TOP.into_iter().find(wanted)
    }

    /// Attributes of a known directory.
    pub(crate) fn node_status(&self, id: NodeId) -> Result<Status> {
        let node = self.node(id)?;
        if let Some(virtual_dir) = node.virtual_dir {
            return Ok(virtual_dir.status());
        }
        let (layer, dir) = top(node)?;
        let stat = rustix::fs::fstat(&**dir)?;
        Ok(status(&stat, layer, disk::guest_mode(&stat, &**dir)))
    }

    /// Attributes of an entry itself.
    pub(crate) fn entry_status(&self, dir: NodeId, name: Name<'_>, found: &Found) -> Result<Status> {
        match found {
            Found::Device(device) => Ok(device.status()),
            Found::VirtualDir(virtual_dir) => Ok(virtual_dir.status()),
            Found::Link(link) => Ok(Virtual::Link(*link).status()),
            Found::Disk { layer, stat } => {
                let mode = if disk::mode_is_elsewhere(stat) {
                    self.kept_mode(dir, name, *layer, stat)?
                } else {
                    stat.st_mode & 0o777
                };
                Ok(status(stat, *layer, mode))
            }
        }
    }

    fn kept_mode(&self, dir: NodeId, name: Name<'_>, layer: Layer, stat: &Stat) -> Result<u32> {
        let dir = self.part(dir, layer)?;
        match disk::kind(stat) {
            Kind::Directory => Ok(disk::guest_mode(stat, &*disk::open_dir(dir, name)?)),
            Kind::Regular => {
                let (file, stat) = disk::open_file(dir, name, true, false)?;
                Ok(disk::guest_mode(&stat, file))
            }
            _ => Ok(stat.st_mode & 0o777),
        }
    }

    /// The part of a directory in one layer.
    pub(crate) fn part(&self, dir: NodeId, layer: Layer) -> Result<&Arc<Dir>> {
        let node = self.node(dir)?;
        let part = match layer {
            Layer::Upper => node.upper.as_ref(),
            Layer::Lower(wanted) => node.lowers.iter().find(|(n, _)| *n == wanted).map(|(_, dir)| dir),
            Layer::Virtual => None,
        };
        part.ok_or(Error::NotFound)
    }
}

/// The parts of a subdirectory in the lower layers, as far as they show through each other.
/// `only` says that no upper part covers them, so that the first one decides what the name is.
fn open_lowers(parents: &[(usize, Arc<Dir>)], name: Name<'_>, only: bool) -> Result<Vec<(usize, Arc<Dir>)>> {
    let mut lowers: Vec<(usize, Arc<Dir>)> = Vec::new();
    for (index, (layer, parent)) in parents.iter().enumerate() {
        let last = index + 1 == parents.len();
        if let Some(stat) = disk::stat(parent, name)? {
            if disk::kind(&stat) != Kind::Directory {
                if lowers.is_empty() && only {
                    must_be_directory(&stat)?;
                }
                break;
            }
            let dir = disk::open_dir(parent, name)?;
            let opaque = !last && disk::exists(&dir, OPAQUE)?;
            lowers.push((*layer, dir));
            if opaque {
                break;
            }
        }
        if !last && disk::exists(parent, Marker::hiding(name).name())? {
            break;
        }
    }
    Ok(lowers)
}

fn must_be_directory(stat: &Stat) -> Result<()> {
    match disk::kind(stat) {
        Kind::Directory => Ok(()),
        _ => Err(Error::NotDirectory),
    }
}

/// The part of a directory whose attributes are shown.
pub(crate) fn top(node: &Node) -> Result<(Layer, &Arc<Dir>)> {
    if let Some(upper) = &node.upper {
        return Ok((Layer::Upper, upper));
    }
    let (layer, dir) = node.lowers.first().ok_or(Error::NotFound)?;
    Ok((Layer::Lower(*layer), dir))
}

/// Attributes as shown. The inode number mixes in the device, as layers may lie on several.
#[allow(clippy::unnecessary_cast, reason = "st_nlink is narrower on arm64")]
pub(crate) fn status(stat: &Stat, layer: Layer, mode: u32) -> Status {
    Status {
        kind: disk::kind(stat),
        mode,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        modified: disk::modified(stat),
        accessed: disk::accessed(stat),
        changed: disk::changed(stat),
        inode: stat.st_ino ^ (stat.st_dev.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16),
        links: stat.st_nlink as u64,
        layer,
    }
}
