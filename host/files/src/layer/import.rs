//! A stream becomes the files of a layer. Whoever made it may mean harm: every count is bounded by what was said before,
//! entries come in the one order in which they are written, and nothing is reached but through handles of directories
//! that this import has made itself.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::SystemTime;

use cap_std::fs::Dir;

use super::LayerError;
use super::blob::{Blob, Meter, same};
use super::tar::{Body, Entry, MAX_ARCHIVED_PATH, RECORD};
use crate::name::{Class, Name, OPAQUE, classify, is_long_marker, on_disk};
use crate::usage::charged;
use crate::{BLOCK, Kind, MAX_DEPTH, MAX_FILE, MAX_NAME, MAX_PATH, NewTime, disk};

/// Most names of one layer: four times what a sandbox may have at once, so that marks of removed files fit.
pub(super) const MAX_NAMES: u64 = 2_000_000;
/// Most bytes of one layer unpacked, 256 GiB: beyond the disk of any sandbox.
pub(super) const MAX_BYTES: u64 = 256 << 30;
/// Largest window of zstd, as a power of two: four times what our own level uses. Bounds the decoder's memory.
const WINDOW_LOG: u32 = 23;
/// Piece in which files are written.
const PIECE: usize = 256 << 10;

/// What an archive holds, as [`Blob`] has it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) bytes: u64,
    pub(super) names: u64,
}

impl Counted {
    pub(super) fn add(&mut self, body: &Body) {
        self.names += 1;
        self.bytes = self.bytes.saturating_add(match body {
            Body::File(size) => charged(*size),
            Body::Directory | Body::Symlink(_) => BLOCK,
            Body::Link(_) => 0,
        });
    }
}

/// Unpacks the archive `from` into the empty directory `root`, which holds anything on an error. It must be the one that
/// `claim` describes, to the last byte.
pub(super) fn unpack(root: &Arc<Dir>, claim: &Blob, from: impl Read) -> Result<(), LayerError> {
    within("bytes", claim.bytes, MAX_BYTES)?;
    within("names", claim.names, MAX_NAMES)?;
    let meter = Meter::new(from, claim.compressed);
    let mut decoder = zstd::Decoder::new(meter).map_err(LayerError::Read)?.single_frame();
    decoder.window_log_max(WINDOW_LOG).map_err(LayerError::Read)?;
    let mut unpacker = Unpacker {
        claim,
        counted: Counted::default(),
        root: Arc::clone(root),
        stack: vec![Level::new(Arc::clone(root), SystemTime::UNIX_EPOCH)],
        path: String::new(),
        buffer: vec![0; PIECE],
    };
    while let Some(entry) = Entry::read(&mut decoder)? {
        unpacker.entry(entry, &mut decoder)?;
    }
    unpacker.leave(0)?;
    let mut rest = [0; 1];
    if decoder.read(&mut rest).map_err(LayerError::Read)? != 0 {
        return Err(LayerError::Damaged("an archive that goes on after its end"));
    }
    // The decoder reads ahead; what it left over is still part of the archive, and must be nothing.
    let mut rest = decoder.finish();
    if std::io::copy(&mut rest, &mut std::io::sink()).map_err(LayerError::Read)? != 0 {
        return Err(LayerError::Damaged("bytes after the archive's end"));
    }
    let (digest, compressed) = rest.into_inner().finish();
    same("the digest", digest, &claim.digest)?;
    same("the number of bytes of the archive", compressed, claim.compressed)?;
    same("the number of bytes", unpacker.counted.bytes, claim.bytes)?;
    same("the number of names", unpacker.counted.names, claim.names)
}

fn within(what: &'static str, found: u64, most: u64) -> Result<(), LayerError> {
    if found > most {
        return Err(LayerError::TooMuch { what, most });
    }
    Ok(())
}

/// A directory that entries still come for.
struct Level {
    dir: Arc<Dir>,
    modified: SystemTime,
    /// Of the last entry in it: the next one comes after it.
    last: String,
}

impl Level {
    fn new(dir: Arc<Dir>, modified: SystemTime) -> Self {
        Self {
            dir,
            modified,
            last: String::new(),
        }
    }
}

struct Unpacker<'a> {
    claim: &'a Blob,
    counted: Counted,
    root: Arc<Dir>,
    /// The layer's root first.
    stack: Vec<Level>,
    /// Of the last level, with a slash at its end but for the root.
    path: String,
    buffer: Vec<u8>,
}

impl Unpacker<'_> {
    fn entry(&mut self, entry: Entry, data: &mut impl Read) -> Result<(), LayerError> {
        if let Body::File(size) = entry.body {
            within("bytes in one file", size, MAX_FILE)?;
        }
        self.counted.add(&entry.body);
        within("bytes", self.counted.bytes, self.claim.bytes)?;
        within("names", self.counted.names, self.claim.names)?;
        if entry.path.len() > MAX_ARCHIVED_PATH {
            return Err(LayerError::Hostile("a path that is too long"));
        }
        let text = self.descend(&entry.path)?.to_owned();
        let name = checked(&text)?;
        if matches!(classify(&text), Class::Marker) && entry.body != Body::File(0) {
            return Err(LayerError::Hostile("a mark of a removed file that is not empty"));
        }
        let level = self.level()?;
        if text <= level.last {
            return Err(LayerError::Hostile("an entry twice, or out of order"));
        }
        level.last = text.clone();
        let dir = Arc::clone(&level.dir);
        match entry.body {
            Body::Directory => {
                if self.stack.len() > MAX_DEPTH {
                    return Err(LayerError::TooMuch {
                        what: "levels of directories",
                        most: MAX_DEPTH as u64,
                    });
                }
                let made = disk::create_dir(&dir, name, entry.mode)?;
                self.stack.push(Level::new(made, entry.modified));
                self.path = entry.path + "/";
                Ok(())
            }
            Body::File(size) => self.file(&dir, name, size, entry.mode, entry.modified, data),
            Body::Symlink(target) => {
                if target.is_empty() || target.len() > MAX_PATH || target.contains('\0') {
                    return Err(LayerError::Hostile("a link to what can be no path"));
                }
                disk::symlink(&dir, name, &target)?;
                Ok(disk::set_times(&dir, name, NewTime::Keep, NewTime::At(entry.modified))?)
            }
            Body::Link(target) => self.link(&dir, name, &target),
        }
    }

    fn level(&mut self) -> Result<&mut Level, LayerError> {
        // The root's is only taken away at the end.
        self.stack
            .last_mut()
            .ok_or(LayerError::Damaged("an entry without a directory"))
    }

    /// Leaves directories until the one of this path; gives its last component.
    fn descend<'p>(&mut self, path: &'p str) -> Result<&'p str, LayerError> {
        while self.stack.len() > 1 && !path.starts_with(&self.path) {
            self.leave(self.stack.len() - 1)?;
        }
        let name = path.strip_prefix(self.path.as_str()).unwrap_or(path);
        if name.contains('/') {
            return Err(LayerError::Hostile("an entry whose directory is not the one before it"));
        }
        Ok(name)
    }

    /// Leaves the directories from this level on: they get their times, now that nothing comes into them any more.
    fn leave(&mut self, level: usize) -> Result<(), LayerError> {
        while self.stack.len() > level.max(1) {
            if let Some(left) = self.stack.pop() {
                disk::set_open_times(&*left.dir, NewTime::Keep, NewTime::At(left.modified))?;
                let end = self.path[..self.path.len() - 1].rfind('/').map_or(0, |slash| slash + 1);
                self.path.truncate(end);
            }
        }
        Ok(())
    }

    fn file(
        &mut self,
        dir: &Dir,
        name: Name<'_>,
        size: u64,
        mode: u32,
        modified: SystemTime,
        data: &mut impl Read,
    ) -> Result<(), LayerError> {
        let (mut file, _) = disk::create_file(dir, name, mode)?;
        let padded = size.next_multiple_of(RECORD as u64);
        let mut done = 0;
        while done < padded {
            let most = usize::try_from(padded - done).unwrap_or(PIECE).min(PIECE);
            let piece = &mut self.buffer[..most];
            data.read_exact(piece).map_err(|error| match error.kind() {
                std::io::ErrorKind::UnexpectedEof => LayerError::Damaged("a file that ends too early"),
                _ => LayerError::Read(error),
            })?;
            let wanted = usize::try_from(size.saturating_sub(done)).unwrap_or(most).min(most);
            file.write_all(&piece[..wanted]).map_err(crate::Error::from)?;
            if piece[wanted..].iter().any(|byte| *byte != 0) {
                return Err(LayerError::Damaged("bytes after a file's end"));
            }
            done += most as u64;
        }
        Ok(disk::set_open_times(&file, NewTime::Keep, NewTime::At(modified))?)
    }

    /// Walks to an earlier file of this layer, from its root; every step is a directory that this import has made.
    fn link(&self, dir: &Dir, name: Name<'_>, target: &str) -> Result<(), LayerError> {
        let lost = || LayerError::Hostile("another name of a file that is not in it");
        let (above, last) = match target.rsplit_once('/') {
            Some((above, last)) => (Some(above), last),
            None => (None, target),
        };
        let mut at = Arc::clone(&self.root);
        for (depth, step) in above.into_iter().flat_map(|above| above.split('/')).enumerate() {
            if depth > MAX_DEPTH {
                return Err(lost());
            }
            at = disk::open_dir(&at, checked(step)?).map_err(|_| lost())?;
        }
        let last = checked(last)?;
        match disk::stat(&at, last)? {
            Some(stat) if disk::kind(&stat) == Kind::Regular => Ok(disk::link(&at, last, dir, name)?),
            _ => Err(lost()),
        }
    }
}

/// A component as it may be in a layer: a plain name, or one of the overlay's own marks.
fn checked(text: &str) -> Result<Name<'_>, LayerError> {
    let refused = LayerError::Hostile("a name that can be none");
    if text.len() > MAX_NAME {
        return Err(LayerError::Hostile("a name that is too long"));
    }
    if text.contains('\0') {
        return Err(refused);
    }
    let hides = |text: &str| {
        text.strip_prefix(".wh.")
            .is_some_and(|name| !name.is_empty() && !matches!(name, "." | "..") && !name.starts_with(".wh."))
    };
    match classify(text) {
        Class::Plain => {}
        Class::Marker if text == OPAQUE.as_str() || is_long_marker(text) || hides(text) => {}
        Class::Marker | Class::Temporary => return Err(refused),
    }
    on_disk(text).ok_or(refused)
}
