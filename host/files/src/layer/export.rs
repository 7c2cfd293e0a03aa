//! A frozen layer becomes an archive: entries sorted, no owners, times as they are; the same files give the same bytes.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::Arc;

use cap_std::fs::Dir;
use rustix::fs::Stat;

use super::blob::{Blob, Meter};
use super::tar::{Body, Entry, RECORD};
use super::{LayerError, import::Counted};
use crate::name::{Class, Name, classify, on_disk};
use crate::{Error, Kind, MAX_DEPTH, disk};

/// Level of zstd: its own default. Part of the format, as another one gives other digests.
const LEVEL: i32 = 3;
/// Piece in which files are read.
const PIECE: usize = 256 << 10;

/// Writes the archive of the layer in `root`.
pub(super) fn pack(root: &Arc<Dir>, to: impl Write) -> Result<Blob, LayerError> {
    let meter = Meter::new(to, u64::MAX);
    let mut encoder = zstd::Encoder::new(meter, LEVEL).map_err(LayerError::Read)?;
    encoder.include_checksum(true).map_err(LayerError::Read)?;
    let mut packer = Packer {
        out: encoder,
        links: HashMap::new(),
        counted: Counted::default(),
        buffer: vec![0; PIECE],
    };
    packer.all(root)?;
    let Packer { mut out, counted, .. } = packer;
    out.write_all(&[0; 2 * RECORD]).map_err(LayerError::Read)?;
    let mut meter = out.finish().map_err(LayerError::Read)?;
    meter.flush().map_err(LayerError::Read)?;
    let (digest, compressed) = meter.finish();
    Ok(Blob {
        digest,
        compressed,
        bytes: counted.bytes,
        names: counted.names,
    })
}

struct Packer<W: Write> {
    out: zstd::Encoder<'static, Meter<W>>,
    /// The first path of each file that has several.
    links: HashMap<(u64, u64), String>,
    counted: Counted,
    buffer: Vec<u8>,
}

/// A directory that is being packed: its handle, its path with a slash, the names still to come, last first.
type Level = (Arc<Dir>, String, Vec<String>);

impl<W: Write> Packer<W> {
    fn all(&mut self, root: &Arc<Dir>) -> Result<(), LayerError> {
        let mut stack: Vec<Level> = vec![(Arc::clone(root), String::new(), sorted(root)?)];
        while let Some((dir, prefix, names)) = stack.last_mut() {
            let Some(text) = names.pop() else {
                stack.pop();
                continue;
            };
            let name = on_disk(&text).ok_or(Error::Invalid)?;
            let path = format!("{prefix}{text}");
            let stat = disk::stat(dir, name)?.ok_or(Error::NotFound)?;
            let dir = Arc::clone(dir);
            match disk::kind(&stat) {
                Kind::Directory => {
                    if stack.len() > MAX_DEPTH {
                        return Err(Error::NameTooLong.into());
                    }
                    let child = disk::open_dir(&dir, name)?;
                    let mode = disk::guest_mode(&stat, &*child);
                    self.entry(&path, Body::Directory, mode, &stat)?;
                    let below = sorted(&child)?;
                    stack.push((child, path + "/", below));
                }
                Kind::Symlink => {
                    let target = disk::read_link(&dir, name)?;
                    self.entry(&path, Body::Symlink(target), 0o777, &stat)?;
                }
                Kind::Regular => self.file(&dir, name, path)?,
                // Nothing in a sandbox can make one.
                Kind::CharacterDevice | Kind::Other => {}
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: &str, body: Body, mode: u32, stat: &Stat) -> Result<(), LayerError> {
        let entry = Entry {
            path: path.to_owned(),
            body,
            mode,
            modified: disk::modified(stat),
        };
        self.counted.add(&entry.body);
        self.out.write_all(&entry.encode()).map_err(LayerError::Read)
    }

    fn file(&mut self, dir: &Dir, name: Name<'_>, path: String) -> Result<(), LayerError> {
        let (mut file, stat) = disk::open_file(dir, name, true, false)?;
        let mode = disk::guest_mode(&stat, &file);
        if stat.st_nlink > 1 {
            let key = (stat.st_dev, stat.st_ino);
            if let Some(first) = self.links.get(&key) {
                let body = Body::Link(first.clone());
                return self.entry(&path, body, mode, &stat);
            }
            self.links.insert(key, path.clone());
        }
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        self.entry(&path, Body::File(size), mode, &stat)?;
        let mut left = size;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            let read = file.read(&mut self.buffer[..most]).map_err(Error::from)?;
            if read == 0 {
                return Err(LayerError::Damaged("a file that has become shorter"));
            }
            self.out.write_all(&self.buffer[..read]).map_err(LayerError::Read)?;
            left -= read as u64;
        }
        let padding = usize::try_from(size.next_multiple_of(RECORD as u64) - size).unwrap_or(0);
        self.out.write_all(&[0; RECORD][..padding]).map_err(LayerError::Read)
    }
}

/// Names in a directory but what a crash has left, the first one last.
fn sorted(dir: &Dir) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = disk::entries(dir)?
        .into_iter()
        .map(|(text, _)| text)
        .filter(|text| !matches!(classify(text), Class::Temporary))
        .collect();
    names.sort_unstable_by(|a, b| b.cmp(a));
    Ok(names)
}
