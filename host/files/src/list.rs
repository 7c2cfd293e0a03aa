//! Directory listings, merged over the layers.

use std::collections::HashSet;

use crate::disk;
use crate::name::{Class, Marker, Name, OPAQUE, classify};
use crate::namespace::{Namespace, NodeId, ROOT};
use crate::virtual_dir::VirtualDir;
use crate::{Kind, Result};

impl Namespace {
    /// What shows in a directory, in no order. The length is bounded by the sandbox's inodes and by
    /// the lower layers, which the platform picks.
    pub(crate) fn list(&self, dir: NodeId) -> Result<Vec<(String, Kind)>> {
        let node = self.node(dir)?;
        if let Some(virtual_dir) = node.virtual_dir {
            let entries = virtual_dir.entries(&self.world).into_iter();
            return Ok(entries.map(|(name, entry)| (name, entry.kind())).collect());
        }
        let parts: Vec<_> = node
            .upper
            .iter()
            .chain(node.lowers.iter().map(|(_, dir)| dir))
            .collect();
        let single = parts.len() == 1;
        let mut shown = Vec::new();
        let mut names: HashSet<String> = HashSet::new();
        let mut markers: HashSet<String> = HashSet::new();
        for part in parts {
            let mut own_markers = Vec::new();
            for (text, kind) in disk::entries(part)? {
                match classify(&text) {
                    Class::Temporary => continue,
                    Class::Marker => {
                        own_markers.push(text);
                        continue;
                    }
                    Class::Plain => {}
                }
                if !single && !visible(&text, &markers, &mut names) {
                    continue;
                }
                shown.push((text, kind));
            }
            // A marker hides what is below its layer, not what is beside it.
            let opaque = own_markers.iter().any(|marker| marker == OPAQUE.as_str());
            markers.extend(own_markers);
            if opaque {
                break;
            }
        }
        if dir == ROOT && !self.plain {
            for virtual_dir in VirtualDir::TOP {
                shown.retain(|(name, _)| name != virtual_dir.name());
                shown.push((virtual_dir.name().to_owned(), Kind::Directory));
            }
        }
        Ok(shown)
    }
}

fn visible(text: &str, markers: &HashSet<String>, names: &mut HashSet<String>) -> bool {
    let hidden =
        !markers.is_empty() && Name::new(text).is_ok_and(|name| markers.contains(Marker::hiding(name).name().as_str()));
    !hidden && names.insert(text.to_owned())
}
