//! The directories of a tree that are known now, and the handles kept open for them.
//!
//! A directory is known by a [`NodeId`] as long as it is cached or held open. Everything that changes
//! names goes through the one [`Namespace`] of a tree, under its lock, so the cache cannot be wrong:
//! nothing else renames beneath it.

use std::collections::HashMap;
use std::sync::Arc;

use cap_std::fs::Dir;

use crate::mount::{Crossing, Mount, View};
use crate::name::{Marker, Name};
use crate::usage::{Account, Registry};
use crate::virtual_dir::VirtualDir;
use crate::world::World;
use crate::{Error, MAX_CACHED_DIRECTORIES, MAX_DEPTH, Result};

/// A known directory; never used twice in the life of a tree.
pub(crate) type NodeId = u64;
/// The root; always known.
pub(crate) const ROOT: NodeId = 0;
/// Rounds of one sweep; each can free one level of an unused subtree.
const SWEEP_ROUNDS: usize = 8;

/// One known directory.
#[derive(Debug)]
pub(crate) struct Node {
    /// None for the root, and for a directory that has been removed.
    pub(crate) parent: Option<NodeId>,
    pub(crate) name: String,
    /// Its part in the sandbox's own layer, once there is one.
    pub(crate) upper: Option<Arc<Dir>>,
    /// Its parts in the lower layers that show through, topmost first, each with its layer's number.
    pub(crate) lowers: Vec<(usize, Arc<Dir>)>,
    pub(crate) virtual_dir: Option<VirtualDir>,
    pub(crate) children: HashMap<String, NodeId>,
    /// Open handles to it.
    pub(crate) pins: usize,
    pub(crate) removed: bool,
    used: bool,
}

impl Node {
    pub(crate) fn new(parent: Option<NodeId>, name: &str) -> Self {
        Self {
            parent,
            name: name.to_owned(),
            upper: None,
            lowers: Vec::new(),
            virtual_dir: None,
            children: HashMap::new(),
            pins: 0,
            removed: false,
            used: true,
        }
    }
}

/// Everything about names in one tree.
#[derive(Debug)]
pub(crate) struct Namespace {
    pub(crate) account: Arc<Account>,
    pub(crate) registry: Arc<Registry>,
    nodes: HashMap<NodeId, Node>,
    next_node: NodeId,
    next_temporary: u64,
    /// Whether the upper layer may hold any marker; while not, none is looked for.
    pub(crate) has_markers: bool,
    /// No directory of the upper layer is deeper than this.
    pub(crate) deepest: usize,
    /// Numbers of the frozen layers, for which the sandbox pays; the other lower ones are everybody's.
    pub(crate) owned: Vec<usize>,
    /// The number of the next layer to be frozen.
    pub(crate) next_layer: usize,
    /// What `/proc` tells.
    pub(crate) world: Arc<World>,
    /// During an operation: the process that asks, 0 for the host.
    pub(crate) caller: u32,
    /// A volume: it has no devices.
    pub(crate) plain: bool,
    /// Volumes that show in it.
    pub(crate) mounts: Vec<Arc<Mount>>,
    /// During an operation on a volume: what of it the caller sees.
    pub(crate) view: Option<View>,
    /// Where the walk goes on that the operation under way has ended for.
    pub(crate) crossing: Option<Crossing>,
}

impl Namespace {
    pub(crate) fn new(account: Arc<Account>, registry: Arc<Registry>, root: Node) -> Self {
        Self {
            world: World::new(Arc::clone(&account)),
            caller: 0,
            account,
            registry,
            nodes: HashMap::from([(ROOT, root)]),
            next_node: ROOT + 1,
            next_temporary: 0,
            has_markers: false,
            deepest: 0,
            owned: Vec::new(),
            next_layer: 0,
            plain: false,
            mounts: Vec::new(),
            view: None,
            crossing: None,
        }
    }

    /// Makes the upper part of every known directory its topmost lower one, under this layer's number.
    pub(crate) fn freeze_nodes(&mut self, layer: usize) {
        for node in self.nodes.values_mut() {
            if let Some(upper) = node.upper.take() {
                node.lowers.insert(0, (layer, upper));
            }
        }
    }

    /// A directory that still exists.
    pub(crate) fn node(&self, id: NodeId) -> Result<&Node> {
        let node = self.nodes.get(&id).ok_or(Error::NotFound)?;
        if node.removed { Err(Error::NotFound) } else { Ok(node) }
    }

    pub(crate) fn node_mut(&mut self, id: NodeId) -> Result<&mut Node> {
        let node = self.nodes.get_mut(&id).ok_or(Error::NotFound)?;
        if node.removed { Err(Error::NotFound) } else { Ok(node) }
    }

    /// A child already known.
    pub(crate) fn known_child(&mut self, parent: NodeId, name: &str) -> Result<Option<NodeId>> {
        let Some(id) = self.node(parent)?.children.get(name).copied() else {
            return Ok(None);
        };
        self.node_mut(id)?.used = true;
        Ok(Some(id))
    }

    pub(crate) fn adopt(&mut self, parent: NodeId, node: Node) -> Result<NodeId> {
        let id = self.next_node;
        self.node_mut(parent)?.children.insert(node.name.clone(), id);
        self.next_node += 1;
        self.nodes.insert(id, node);
        Ok(id)
    }

    /// Levels below the root; an error past [`MAX_DEPTH`].
    pub(crate) fn depth(&self, id: NodeId) -> Result<usize> {
        self.ancestors(id).map(|ids| ids.len() - 1)
    }

    /// The directory itself first, the root last.
    pub(crate) fn ancestors(&self, id: NodeId) -> Result<Vec<NodeId>> {
        let mut ids = vec![id];
        let mut at = id;
        while let Some(parent) = self.node(at)?.parent {
            if ids.len() > MAX_DEPTH {
                return Err(Error::NameTooLong);
            }
            ids.push(parent);
            at = parent;
        }
        Ok(ids)
    }

    /// Absolute path of a known directory.
    pub(crate) fn path(&self, id: NodeId) -> Result<String> {
        let mut path = String::new();
        for id in self.ancestors(id)?.into_iter().rev().skip(1) {
            path.push('/');
            path.push_str(&self.node(id)?.name);
        }
        if path.is_empty() {
            path.push('/');
        }
        Ok(path)
    }

    /// A name for something unfinished, not in use.
    pub(crate) fn temporary(&mut self) -> Marker {
        self.next_temporary += 1;
        Marker::temporary(self.next_temporary)
    }

    /// Moves a known directory to another place in the cache.
    pub(crate) fn move_node(&mut self, from: NodeId, old: Name<'_>, to: NodeId, new: Name<'_>) -> Result<()> {
        let Some(id) = self.node_mut(from)?.children.remove(old.as_str()) else {
            return Ok(());
        };
        self.node_mut(to)?.children.insert(new.as_str().to_owned(), id);
        let node = self.node_mut(id)?;
        node.parent = Some(to);
        node.name = new.as_str().to_owned();
        Ok(())
    }

    /// Forgets a directory that was removed, with everything known below it. Handles to these stay
    /// valid and find nothing.
    pub(crate) fn detach(&mut self, parent: NodeId, name: Name<'_>) {
        let first = match self.nodes.get_mut(&parent) {
            Some(node) => node.children.remove(name.as_str()),
            None => None,
        };
        let mut doomed = Vec::from_iter(first);
        while let Some(id) = doomed.pop() {
            let Some(node) = self.nodes.get_mut(&id) else {
                continue;
            };
            doomed.extend(node.children.drain().map(|(_, child)| child));
            node.removed = true;
            node.parent = None;
            node.upper = None;
            node.lowers.clear();
            if node.pins == 0 {
                self.nodes.remove(&id);
            }
        }
    }

    /// A directory and everything known below it, children after parents.
    pub(crate) fn known_below(&self, id: NodeId) -> Vec<NodeId> {
        let mut ids = vec![id];
        let mut next = 0;
        while let Some(node) = ids.get(next).and_then(|id| self.nodes.get(id)) {
            ids.extend(node.children.values());
            next += 1;
        }
        ids
    }

    pub(crate) fn pin(&mut self, id: NodeId) -> Result<()> {
        self.node_mut(id)?.pins += 1;
        Ok(())
    }

    pub(crate) fn unpin(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.pins = node.pins.saturating_sub(1);
            if node.removed && node.pins == 0 {
                self.nodes.remove(&id);
            }
        }
    }

    /// Forgets a directory that nothing needs, in the middle of a walk that would know too many.
    pub(crate) fn release(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get(&id)
            && id != ROOT
            && node.pins == 0
            && node.children.is_empty()
            && let Some(node) = self.nodes.remove(&id)
            && let Some(parent) = node.parent.and_then(|parent| self.nodes.get_mut(&parent))
        {
            parent.children.remove(&node.name);
        }
    }

    /// Keeps the cache within its bound; called between operations, never within one.
    pub(crate) fn sweep(&mut self) {
        if self.nodes.len() > MAX_CACHED_DIRECTORIES {
            self.forget(MAX_CACHED_DIRECTORIES / 2, false);
        }
    }

    /// Forgets every directory that is not held open.
    pub(crate) fn trim(&mut self) {
        for _ in 0..MAX_DEPTH {
            let before = self.nodes.len();
            self.forget(0, true);
            if self.nodes.len() == before {
                return;
            }
        }
    }

    fn forget(&mut self, goal: usize, all: bool) {
        for _ in 0..SWEEP_ROUNDS {
            if self.nodes.len() <= goal {
                return;
            }
            let idle: Vec<NodeId> = self
                .nodes
                .iter_mut()
                .filter_map(|(id, node)| {
                    let recently = std::mem::take(&mut node.used);
                    let idle = node.pins == 0 && node.children.is_empty();
                    (idle && (all || !recently)).then_some(*id)
                })
                .collect();
            for id in idle {
                self.release(id);
            }
        }
    }
}
