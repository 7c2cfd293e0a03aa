//! From a path to a place: one component at a time, links read and followed here, never by the kernel.

use std::borrow::Cow;

use crate::disk;
use crate::layers::Found;
use crate::name::Name;
use crate::namespace::{Namespace, NodeId, ROOT};
use crate::virtual_dir::{Link, VirtualDir};
use crate::{Error, Kind, MAX_COMPONENTS, MAX_PATH, MAX_SYMLINKS, Result};

/// What to do with a link at the end of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last {
    /// Go on to what it points to.
    Follow,
    /// Stop at the link, unless a slash after it asks for the directory behind it.
    Stay,
    /// Stop at the link even so: for whatever creates, removes or renames the entry itself.
    Entry,
}

impl Last {
    pub(crate) fn follow_if(follow: bool) -> Self {
        if follow { Self::Follow } else { Self::Stay }
    }

    fn follows(self, slash: bool) -> bool {
        match self {
            Self::Follow => true,
            Self::Stay => slash,
            Self::Entry => false,
        }
    }
}

/// Where a path leads.
#[derive(Debug)]
pub(crate) enum Target {
    /// To a directory that the path names without a name of its own: `/`, `.`, `a/..`.
    Node(NodeId),
    /// To a name in a directory, whether something is there or not.
    Entry(Place),
}

/// A name in a directory.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) parent: NodeId,
    name: String,
    pub(crate) found: Option<Found>,
    /// A slash came after the name: it must be a directory.
    pub(crate) slash: bool,
}

impl Place {
    pub(crate) fn name(&self) -> Result<Name<'_>> {
        Name::new(&self.name)
    }

    /// What is there; a slash after anything but a directory is refused.
    pub(crate) fn existing(&self) -> Result<Found> {
        let found = self.found.ok_or(Error::NotFound)?;
        if self.slash && found.kind() != Kind::Directory {
            return Err(Error::NotDirectory);
        }
        Ok(found)
    }
}

impl Namespace {
    /// Walks a path from `base`, or from the root if it is absolute.
    pub(crate) fn resolve(&mut self, base: NodeId, path: &str, last: Last) -> Result<Target> {
        check(path)?;
        let mut at = base;
        let mut rest = Cow::Borrowed(path);
        let mut links = 0;
        let mut components = 0;
        // Each turn walks until the path ends or a link replaces its beginning.
        loop {
            self.node(at)?;
            if rest.starts_with('/') {
                self.stay_inside(&rest)?;
                at = ROOT;
            }
            match self.walk(&mut at, &rest, last, &mut components)? {
                Step::Done(target) => return Ok(target),
                Step::Link { target, rest: tail } => {
                    links += 1;
                    if links > MAX_SYMLINKS {
                        return Err(Error::Loop);
                    }
                    check(&target)?;
                    rest = Cow::Owned(target + &tail);
                }
            }
        }
    }

    fn walk(&mut self, at: &mut NodeId, path: &str, last: Last, components: &mut usize) -> Result<Step> {
        let mut rest = path.trim_start_matches('/');
        while !rest.is_empty() {
            *components += 1;
            if *components > MAX_COMPONENTS {
                return Err(Error::NameTooLong);
            }
            let (text, tail) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            rest = tail.trim_start_matches('/');
            match text {
                "." => continue,
                ".." => {
                    *at = self.up(*at, rest)?;
                    continue;
                }
                _ => {}
            }
            let name = Name::new(text)?;
            if rest.is_empty() {
                return self.last(*at, name, !tail.is_empty(), tail, last);
            }
            if let Some(child) = self.known_child(*at, text)? {
                self.still_there(child)?;
                self.stay_outside(child, rest)?;
                *at = child;
                continue;
            }
            let found = self.lookup(*at, name)?.ok_or(Error::NotFound)?;
            match found.kind() {
                Kind::Directory => *at = self.child(*at, name)?,
                Kind::Symlink => return self.expand(*at, name, &found, tail),
                _ => return Err(Error::NotDirectory),
            }
        }
        Ok(Step::Done(Target::Node(*at)))
    }

    fn last(&mut self, at: NodeId, name: Name<'_>, slash: bool, tail: &str, last: Last) -> Result<Step> {
        if last != Last::Entry {
            self.stay_outside_name(at, name)?;
        }
        let found = self.lookup(at, name)?;
        if let Some(found) = &found
            && found.kind() == Kind::Symlink
            && last.follows(slash)
            && !matches!(found, Found::Link(Link::Descriptor(..)))
        {
            return self.expand(at, name, found, tail);
        }
        Ok(Step::Done(Target::Entry(Place {
            parent: at,
            name: name.as_str().to_owned(),
            found,
            slash,
        })))
    }

    fn expand(&self, at: NodeId, name: Name<'_>, found: &Found, tail: &str) -> Result<Step> {
        Ok(Step::Link {
            target: self.link_target(at, name, found)?,
            rest: tail.to_owned(),
        })
    }

    pub(crate) fn link_target(&self, dir: NodeId, name: Name<'_>, found: &Found) -> Result<String> {
        match found {
            Found::Disk { layer, .. } => disk::read_link(self.part(dir, *layer)?, name),
            Found::Link(link) => link.target(&self.world, self.caller).ok_or(Error::NotFound),
            _ => Err(Error::Invalid),
        }
    }

    /// That a known directory of a process is not that of one that has ended.
    fn still_there(&self, id: NodeId) -> Result<()> {
        match self.node(id)?.virtual_dir {
            Some(VirtualDir::Process(pid) | VirtualDir::Descriptors(pid)) if !self.world.lives(pid) => {
                Err(Error::NotFound)
            }
            _ => Ok(()),
        }
    }

    /// A path that must name an entry, not a directory as such.
    pub(crate) fn place(&mut self, base: NodeId, path: &str, last: Last, otherwise: Error) -> Result<Place> {
        match self.resolve(base, path, last)? {
            Target::Entry(place) => Ok(place),
            Target::Node(_) => Err(otherwise),
        }
    }

    /// A path that must lead to a directory.
    pub(crate) fn directory(&mut self, base: NodeId, path: &str) -> Result<NodeId> {
        match self.resolve(base, path, Last::Follow)? {
            Target::Node(id) => Ok(id),
            Target::Entry(place) => match place.existing()?.kind() {
                Kind::Directory => self.child(place.parent, place.name()?),
                _ => Err(Error::NotDirectory),
            },
        }
    }
}

enum Step {
    Done(Target),
    /// A link was met: go on with its target, then with what was left of the path.
    Link {
        target: String,
        rest: String,
    },
}

/// What holds for any path or link target before a component of it is looked at.
pub(crate) fn check(path: &str) -> Result<()> {
    if path.is_empty() {
        return Err(Error::NotFound);
    }
    if path.len() > MAX_PATH {
        return Err(Error::NameTooLong);
    }
    if path.contains('\0') {
        return Err(Error::Invalid);
    }
    Ok(())
}
