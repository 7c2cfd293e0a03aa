//! Bringing lower objects into the upper layer, where they can change. To a guest this is invisible.

use std::fs::File;
use std::sync::Arc;

use cap_std::fs::Dir;
use rustix::fs::{self as sys, Stat};
use rustix::io::Errno;

use crate::layers::Found;
use crate::name::{Marker, Name};
use crate::namespace::{Namespace, NodeId};
use crate::usage::charged;
use crate::{BLOCK, Error, Kind, Layer, Result, disk};

/// Bytes asked of one copy call: large enough to cost nothing, small enough for the host to stay fair.
const COPY_CHUNK: usize = 1 << 24;

/// How much of a lower file is needed above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contents {
    Keep,
    /// The caller truncates it at once.
    Drop,
}

impl Namespace {
    /// The upper part of a directory, made if missing, with all that is missing above it. It is charged
    /// even over the quota: so that an entry of a full sandbox can still be removed.
    pub(crate) fn upper(&mut self, id: NodeId) -> Result<Arc<Dir>> {
        self.writable()?;
        let mut missing = Vec::new();
        for id in self.ancestors(id)? {
            let node = self.node(id)?;
            if node.virtual_dir.is_some() {
                return Err(Error::ReadOnly);
            }
            if node.upper.is_some() {
                break;
            }
            missing.push(id);
        }
        for id in missing.into_iter().rev() {
            self.copy_up_dir(id)?;
        }
        Ok(Arc::clone(self.part(id, Layer::Upper)?))
    }

    fn copy_up_dir(&mut self, id: NodeId) -> Result<()> {
        let depth = self.depth(id)?;
        let node = self.node(id)?;
        let parent = node.parent.ok_or(Error::NotFound)?;
        let above = Arc::clone(self.part(parent, Layer::Upper)?);
        let (layer, lower) = node.lowers.first().ok_or(Error::NotFound)?;
        let paid = self.is_owned(Layer::Lower(*layer));
        let original = sys::fstat(&**lower)?;
        let mode = disk::guest_mode(&original, &**lower);
        let name = Name::new(&node.name)?;
        let dir = disk::create_dir(&above, name, mode)?;
        disk::copy_times(&*dir, &original)?;
        if !paid {
            self.account.force(BLOCK, 1);
        }
        self.node_mut(id)?.upper = Some(dir);
        self.deepest = self.deepest.max(depth);
        Ok(())
    }

    /// Brings a file or link up; one that is there already stays. Returns its attributes there.
    pub(crate) fn copy_up(&mut self, dir: NodeId, name: Name<'_>, found: &Found, contents: Contents) -> Result<Stat> {
        let Found::Disk { layer, stat } = found else {
            return Err(Error::ReadOnly);
        };
        if *layer == Layer::Upper {
            return Ok(*stat);
        }
        let upper = self.upper(dir)?;
        let lower = Arc::clone(self.part(dir, *layer)?);
        // What is paid for already takes its charge along.
        let (bytes, inodes) = if self.is_owned(*layer) {
            Self::charge_of(stat)
        } else {
            (0, 0)
        };
        match disk::kind(stat) {
            Kind::Regular => self.copy_file(&lower, &upper, name, contents, (bytes, inodes))?,
            Kind::Symlink => {
                let target = disk::read_link(&lower, name)?;
                let missing = (BLOCK - bytes, 1 - inodes);
                self.account.charge(missing.0, missing.1)?;
                if let Err(error) = disk::symlink(&upper, name, &target) {
                    self.account.refund(missing.0, missing.1);
                    return Err(error);
                }
            }
            Kind::Directory => return Err(Error::IsDirectory),
            Kind::CharacterDevice | Kind::Other => return Err(Error::Access),
        }
        disk::stat(&upper, name)?.ok_or(Error::NotFound)
    }

    /// Under a temporary name first, so that a crash never leaves half a file behind. `paid` is what is charged for
    /// the lower file already.
    fn copy_file(
        &mut self,
        lower: &Dir,
        upper: &Dir,
        name: Name<'_>,
        contents: Contents,
        paid: (u64, u64),
    ) -> Result<()> {
        let (source, stat) = disk::open_file(lower, name, true, false)?;
        let length = match contents {
            Contents::Keep => u64::try_from(stat.st_size).unwrap_or(0),
            Contents::Drop => 0,
        };
        let temporary = self.temporary();
        let missing = (charged(length).saturating_sub(paid.0), 1 - paid.1);
        self.account.charge(missing.0, missing.1)?;
        let copied = fill(upper, temporary.name(), &source, &stat, length)
            .and_then(|()| disk::rename(upper, temporary.name(), upper, name));
        if let Err(error) = copied {
            let _ = disk::unlink(upper, temporary.name());
            self.account.refund(missing.0, missing.1);
            return Err(error);
        }
        self.account.refund(paid.0.saturating_sub(charged(length)), 0);
        Ok(())
    }

    /// Brings a directory up with all that shows in it, so that it can be renamed. What lies below
    /// still shows through, unchanged, until the caller hides it. Returns how many levels it has.
    pub(crate) fn copy_up_tree(&mut self, top: NodeId) -> Result<usize> {
        self.upper(top)?;
        let mut levels = 0;
        let mut stack = vec![(top, self.list(top)?)];
        while let Some((dir, entries)) = stack.last_mut() {
            let dir = *dir;
            let Some((text, kind)) = entries.pop() else {
                stack.pop();
                self.release(dir);
                continue;
            };
            let name = Name::new(&text)?;
            if kind == Kind::Directory {
                let child = self.child(dir, name)?;
                self.upper(child)?;
                let entries = self.list(child)?;
                stack.push((child, entries));
                levels = levels.max(stack.len() - 1);
            } else if !self.node(dir)?.lowers.is_empty()
                && let Some(found) = self.lookup(dir, name)?
            {
                self.copy_up(dir, name, &found, Contents::Keep)?;
            }
        }
        Ok(levels)
    }

    /// Hides what the lower layers hold under a name, if they hold anything.
    pub(crate) fn hide_below(&mut self, dir: NodeId, name: Name<'_>) -> Result<()> {
        if !self.shows_from_below(dir, name)? {
            return Ok(());
        }
        let upper = self.upper(dir)?;
        self.refund_shown(dir, name)?;
        disk::create_marker(&upper, Marker::hiding(name).name())?;
        self.has_markers = true;
        Ok(())
    }
}

fn fill(upper: &Dir, name: Name<'_>, source: &File, stat: &Stat, length: u64) -> Result<()> {
    let mode = disk::guest_mode(stat, source);
    let (copy, _) = disk::create_file(upper, name, mode)?;
    if length > 0 {
        copy_bytes(source, &copy, length)?;
        disk::copy_times(&copy, stat)?;
    }
    Ok(())
}

/// Shares the blocks where the host's disk can, copies within the kernel where it can, else by hand.
fn copy_bytes(source: &File, copy: &File, length: u64) -> Result<()> {
    if sys::ioctl_ficlone(copy, source).is_ok() {
        return Ok(());
    }
    let mut at = 0;
    while at < length {
        let chunk = usize::try_from(length - at).unwrap_or(COPY_CHUNK).min(COPY_CHUNK);
        let (mut from, mut to) = (at, at);
        match sys::copy_file_range(source, Some(&mut from), copy, Some(&mut to), chunk) {
            // The lower file is shorter than it said: take what there is.
            Ok(0) => return Ok(()),
            Ok(copied) => at += copied as u64,
            Err(Errno::XDEV | Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL) => {
                return copy_by_hand(source, copy, at, length);
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn copy_by_hand(source: &File, copy: &File, mut at: u64, length: u64) -> Result<()> {
    use std::os::unix::fs::FileExt;
    let mut buffer = vec![0; 1 << 17];
    while at < length {
        let most = usize::try_from(length - at).unwrap_or(buffer.len()).min(buffer.len());
        let read = source.read_at(&mut buffer[..most], at)?;
        if read == 0 {
            return Ok(());
        }
        copy.write_all_at(&buffer[..read], at)?;
        at += read as u64;
    }
    Ok(())
}
