//! Operations made of several others: whole files, whole directories.

use std::sync::Arc;

use cap_std::fs::Dir;

use crate::at::Base;
use crate::name::on_disk;
use crate::namespace::ROOT;
use crate::resolve::Last;
use crate::tree::Tree;
use crate::{Error, Kind, Layer, OpenOptions, Result, disk};

/// First piece of a file read whole, bytes; what follows is read in pieces as large as what is there.
const FIRST_PIECE: usize = 1 << 16;

impl Tree {
    /// The whole contents; more than `most` bytes is [`Error::TooLarge`].
    pub fn read_file(self: &Arc<Self>, path: &str, most: usize) -> Result<Vec<u8>> {
        let file = self.open_file(path, &OpenOptions::read_only())?;
        let size = usize::try_from(file.stat()?.size).unwrap_or(usize::MAX);
        if size > most {
            return Err(Error::TooLarge);
        }
        let mut contents = Vec::new();
        loop {
            let read = contents.len();
            // One byte more than the size tells the end without another turn.
            contents.resize(read + (size + 1).saturating_sub(read).max(FIRST_PIECE), 0);
            let more = file.read_at(&mut contents[read..], read as u64)?;
            contents.truncate(read + more);
            if more == 0 {
                return Ok(contents);
            }
            if contents.len() > most {
                return Err(Error::TooLarge);
            }
        }
    }

    /// Creates or overwrites a file with these contents. `mode` is that of a new file; an existing one
    /// keeps its own. Over the quota, what fits is left behind.
    pub fn write_file(self: &Arc<Self>, path: &str, contents: &[u8], mode: u32) -> Result<()> {
        let how = OpenOptions {
            mode,
            ..OpenOptions::overwrite()
        };
        let file = self.open_file(path, &how)?;
        let mut written = 0;
        while written < contents.len() {
            match file.write_at(&contents[written..], written as u64)? {
                0 => return Err(Error::NoSpace),
                more => written += more,
            }
        }
        Ok(())
    }

    /// Creates a directory and what is missing above it, all with this mode; an existing one is fine.
    pub fn create_dir_all(&self, path: &str, mode: u32) -> Result<()> {
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        for end in ends.filter(|end| *end > 0) {
            match self.do_create_dir(Base::ROOT, &path[..end], mode) {
                Ok(()) | Err(Error::Exists) => {}
                Err(error) => return Err(error),
            }
        }
        match self.stat(path, true)?.kind {
            Kind::Directory => Ok(()),
            _ => Err(Error::NotDirectory),
        }
    }

    /// Removes an object and all that is in it; a link is removed, not followed. A directory vanishes at
    /// once and is then emptied bit by bit, so that the sandbox's other work goes on meanwhile.
    pub fn remove_all(&self, path: &str) -> Result<()> {
        let (trash, mount) = self.at(Base::ROOT, path, |names, base, path| {
            let place = names.place(base, path, Last::Entry, Error::Busy)?;
            let found = place.existing()?;
            if found.kind() == Kind::Directory {
                names.take_away(place.parent, place.name()?, &found)
            } else {
                names.remove_file(place.parent, place.name()?, &found)?;
                Ok(None)
            }
        })?;
        match trash {
            Some(trash) => {
                let tree = mount.as_ref().map_or(self, |mount| &mount.volume);
                tree.empty_trash(trash.name().as_str())
            }
            None => Ok(()),
        }
    }

    fn empty_trash(&self, trash: &str) -> Result<()> {
        let root = self.with(|names| Ok(Arc::clone(names.part(ROOT, Layer::Upper)?)))?;
        let mut stack: Vec<(Arc<Dir>, Vec<String>)> = vec![(root, vec![trash.to_owned()])];
        while let Some((dir, names)) = stack.last() {
            if let Some(text) = names.last() {
                let child = disk::open_dir(dir, on_disk(text).ok_or(Error::Invalid)?)?;
                let below = self.with(|names| names.empty(&child))?;
                stack.push((child, below));
                continue;
            }
            stack.pop();
            if let Some((dir, names)) = stack.last_mut()
                && let Some(text) = names.pop()
                && let Some(name) = on_disk(&text)
            {
                self.with(|names| names.remove_emptied(dir, name))?;
            }
        }
        Ok(())
    }
}
