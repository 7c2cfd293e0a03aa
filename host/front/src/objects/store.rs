//! Objects as files: `<organization>/objects/<key, percent-encoded>`. Nothing that a client names is ever a path: a key is one name
//! without slashes, and what is half written has another name.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::chunked::Decoder;
use super::signature::encode;
use super::usage::{Full, Reservations, Reserved};
use crate::Body;

/// Finished objects, in an organization's directory.
pub const OBJECTS: &str = "objects";
/// Unfinished uploads, likewise: one directory each.
pub const UPLOADS: &str = "uploads";
/// What is being written, likewise.
const WRITING: &str = "writing";

/// Largest object or part. Contexts are source trees; a sandbox has tens of GiB of disk in all.
pub const MAX_OBJECT: u64 = 2 << 30;
/// Parts of one upload: 2 GiB in parts of 5 MiB, which is the least of S3, are 410.
pub const MAX_PARTS: u32 = 1_000;
/// Unfinished uploads of an organization.
const MAX_UPLOADS: usize = 64;
/// Longest name of a file on Linux.
const NAME: usize = 255;
/// Longest id of an organization.
const ORGANIZATION: usize = 64;

/// Why an object is not written or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such object.
    #[error("there is no such object")]
    Missing,
    /// There is no such upload.
    #[error("there is no such upload; it may have been finished or forgotten")]
    NoUpload,
    /// A part was never uploaded.
    #[error("part {0} was not uploaded")]
    NoPart(u32),
    /// The key cannot be a file's name.
    #[error("keys have at most {NAME} bytes")]
    Key,
    /// It is larger than it may be.
    #[error("an object has at most {MAX_OBJECT} bytes")]
    TooLarge,
    /// The organization has no room.
    #[error("the organization's uploads are full; those unused for an hour make room by themselves")]
    Full,
    /// The body is not what was announced or signed.
    #[error("{0}")]
    Body(&'static str),
    /// The disk.
    #[error("the disk: {0}")]
    Disk(#[from] io::Error),
}

/// A body on its way in.
pub struct Incoming {
    /// The bytes.
    pub body: Body,
    /// How many they are, without framing.
    pub length: u64,
    /// What they must hash to, if the client signed that.
    pub digest: Option<[u8; 32]>,
    /// Whether they are framed as `aws-chunked`.
    pub chunked: bool,
}

/// An object in a list.
#[derive(Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key, without the organization.
    pub key: String,
    /// Its bytes.
    pub size: u64,
}

/// All organizations' objects.
pub struct Store {
    root: PathBuf,
    reservations: Reservations,
}

/// Whether an id can be the name of a directory.
pub fn plain(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= ORGANIZATION
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The file's name of a key. Dots of `.` and `..` are encoded too.
fn name(key: &str) -> Result<String, StoreError> {
    let name = encode(key.as_bytes(), true);
    let name = match name.strip_prefix('.') {
        Some(rest) => format!("%2E{rest}"),
        None => name,
    };
    if name.is_empty() || name.len() > NAME {
        return Err(StoreError::Key);
    }
    Ok(name)
}

impl Store {
    /// Keeps objects below `root`, which is made when it is needed.
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            reservations: Reservations::default(),
        }
    }

    fn of(&self, organization: &str) -> Result<PathBuf, StoreError> {
        if plain(organization) {
            Ok(self.root.join(organization))
        } else {
            Err(StoreError::Key)
        }
    }

    fn object(&self, organization: &str, key: &str) -> Result<PathBuf, StoreError> {
        Ok(self.of(organization)?.join(OBJECTS).join(name(key)?))
    }

    /// Size and content. Counts as a use.
    pub async fn read(&self, organization: &str, key: &str) -> Result<(u64, File), StoreError> {
        let path = self.object(organization, key)?;
        let file = match File::open(path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(StoreError::Missing),
            file => file?,
        };
        let size = file.metadata().await?.len();
        let file = file.into_std().await;
        // What is used is not removed soon. Without the time it may be: then it is uploaded again.
        let _ = file.set_modified(SystemTime::now());
        Ok((size, File::from_std(file)))
    }

    /// Objects whose keys begin with `prefix`, in the order of keys, at most `most`, and whether there are more.
    pub async fn list(&self, organization: &str, prefix: &str, most: usize) -> Result<(Vec<Listed>, bool), StoreError> {
        let directory = self.of(organization)?.join(OBJECTS);
        let start = encode(prefix.as_bytes(), true);
        let mut found = blocking(move || list(&directory, &start)).await?;
        found.sort_by(|a, b| a.key.cmp(&b.key));
        let more = found.len() > most;
        found.truncate(most);
        for listed in &found {
            // A client that finds it does not upload it again.
            let _ = self.read(organization, &listed.key).await;
        }
        Ok((found, more))
    }

    /// Writes a whole object; it is there once this returns, and never half. Gives its tag.
    pub async fn write(&self, organization: &str, key: &str, incoming: Incoming) -> Result<String, StoreError> {
        let target = self.object(organization, key)?;
        let written = self.receive(organization, incoming).await?;
        written.place(target).await
    }

    /// Removes an object, if it is there.
    pub async fn remove(&self, organization: &str, key: &str) -> Result<(), StoreError> {
        match tokio::fs::remove_file(self.object(organization, key)?).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Begins an upload in parts; gives its id.
    pub async fn begin(&self, organization: &str, key: &str) -> Result<String, StoreError> {
        let name = name(key)?;
        let uploads = self.of(organization)?.join(UPLOADS);
        // Old ones are removed where room is looked for.
        drop(self.reserve(organization, 0).await?);
        let id = random()?;
        let directory = uploads.join(&id);
        blocking(move || {
            std::fs::create_dir_all(&uploads)?;
            if std::fs::read_dir(&uploads)?.count() >= MAX_UPLOADS {
                return Err(StoreError::Full);
            }
            std::fs::create_dir(&directory)?;
            std::fs::write(directory.join("key"), name)?;
            Ok(())
        })
        .await?;
        Ok(id)
    }

    /// Writes one part; gives its tag.
    pub async fn part(
        &self,
        organization: &str,
        upload: &str,
        number: u32,
        incoming: Incoming,
    ) -> Result<String, StoreError> {
        if !(1..=MAX_PARTS).contains(&number) {
            return Err(StoreError::Body("part numbers are 1 to 1000"));
        }
        let directory = self.upload(organization, upload).await?;
        let written = self.receive(organization, incoming).await?;
        written.place(directory.join(format!("{number:05}"))).await
    }

    /// Joins parts to the object of an upload; gives its tag.
    pub async fn complete(
        &self,
        organization: &str,
        upload: &str,
        key: &str,
        parts: Vec<u32>,
    ) -> Result<String, StoreError> {
        let directory = self.upload(organization, upload).await?;
        let named = tokio::fs::read_to_string(directory.join("key")).await?;
        if named != name(key)? {
            return Err(StoreError::NoUpload);
        }
        if parts.is_empty() || !parts.is_sorted_by(|a, b| a < b) {
            return Err(StoreError::Body("the parts are none, or not in order"));
        }
        let from = directory.clone();
        let size = blocking(move || {
            let mut size = 0_u64;
            for number in parts.iter().copied() {
                let part = std::fs::metadata(from.join(format!("{number:05}")));
                size += part.map_err(|_| StoreError::NoPart(number))?.len();
            }
            if size > MAX_OBJECT {
                return Err(StoreError::TooLarge);
            }
            Ok((size, parts))
        });
        let (size, parts) = size.await?;
        let reserved = self.reserve(organization, size).await?;
        let target = self.object(organization, key)?;
        let mut whole = Written::new(&self.of(organization)?, reserved).await?;
        let (from, into) = (directory.clone(), whole.path.clone());
        let count = parts.len();
        let digest = blocking(move || {
            let mut out = std::fs::OpenOptions::new().write(true).open(into)?;
            let mut hash = Sha256::new();
            for number in parts {
                let path = from.join(format!("{number:05}"));
                // Read twice rather than held: parts may be large.
                io::copy(&mut std::fs::File::open(&path)?, &mut hash)?;
                io::copy(&mut std::fs::File::open(&path)?, &mut out)?;
            }
            out.sync_all()?;
            Ok(hash.finalize().into())
        });
        whole.digest = digest.await?;
        let tag = whole.place(target).await?;
        // What stays behind is removed with old uploads.
        let _ = tokio::fs::remove_dir_all(directory).await;
        Ok(format!("{tag}-{count}"))
    }

    /// Forgets an upload and its parts.
    pub async fn abort(&self, organization: &str, upload: &str) -> Result<(), StoreError> {
        let directory = self.upload(organization, upload).await?;
        Ok(tokio::fs::remove_dir_all(directory).await?)
    }

    async fn upload(&self, organization: &str, upload: &str) -> Result<PathBuf, StoreError> {
        let plain = upload.len() == 32 && upload.bytes().all(|b| b.is_ascii_hexdigit());
        let directory = self.of(organization)?.join(UPLOADS).join(upload);
        if plain && tokio::fs::try_exists(&directory).await? {
            Ok(directory)
        } else {
            Err(StoreError::NoUpload)
        }
    }

    async fn reserve(&self, organization: &str, bytes: u64) -> Result<Reserved, StoreError> {
        let directory = self.of(organization)?;
        let (reservations, organization) = (self.reservations.clone(), organization.to_owned());
        let room = blocking(move || Ok(reservations.reserve(&directory, &organization, bytes)?));
        room.await?.map_err(|Full| StoreError::Full)
    }

    /// A body, on disk under a name that nobody knows.
    async fn receive(&self, organization: &str, incoming: Incoming) -> Result<Written, StoreError> {
        if incoming.length > MAX_OBJECT {
            return Err(StoreError::TooLarge);
        }
        let reserved = self.reserve(organization, incoming.length).await?;
        let mut written = Written::new(&self.of(organization)?, reserved).await?;
        let mut file = File::create(&written.path).await?;
        let mut decoder = incoming.chunked.then(Decoder::new);
        let (mut hash, mut left, mut body) = (Sha256::new(), incoming.length, incoming.body);
        let mut decoded = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| StoreError::Body("the body broke off"))?;
            let Ok(piece) = frame.into_data() else { continue };
            let data = match &mut decoder {
                Some(decoder) => {
                    decoded.clear();
                    let framed = decoder.push(&piece, &mut decoded);
                    framed.map_err(|_| StoreError::Body("the body is not framed as aws-chunked"))?;
                    &decoded[..]
                }
                None => &piece[..],
            };
            left = left
                .checked_sub(data.len() as u64)
                .ok_or(StoreError::Body("the body is longer than it was announced"))?;
            hash.update(data);
            file.write_all(data).await?;
        }
        if left > 0 || decoder.is_some_and(|decoder| !decoder.ended()) {
            return Err(StoreError::Body("the body is shorter than it was announced"));
        }
        file.sync_all().await?;
        written.digest = hash.finalize().into();
        if incoming.digest.is_some_and(|signed| signed != written.digest) {
            return Err(StoreError::Body("the body does not hash to what was signed"));
        }
        Ok(written)
    }
}

fn list(directory: &Path, start: &str) -> Result<Vec<Listed>, StoreError> {
    let listed = match std::fs::read_dir(directory) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut found = Vec::new();
    for entry in listed {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| name.starts_with(start)) else {
            continue;
        };
        let key = super::signature::decode(name).and_then(|key| String::from_utf8(key).ok());
        if let (Some(key), Ok(metadata)) = (key, entry.metadata()) {
            found.push(Listed {
                key,
                size: metadata.len(),
            });
        }
    }
    Ok(found)
}

/// A file that is complete but has no name yet; removed unless it gets one.
struct Written {
    path: PathBuf,
    digest: [u8; 32],
    _reserved: Reserved,
}

impl Written {
    async fn new(directory: &Path, reserved: Reserved) -> Result<Self, StoreError> {
        let directory = directory.join(WRITING);
        tokio::fs::create_dir_all(&directory).await?;
        let path = directory.join(random()?);
        File::create(&path).await?;
        Ok(Self {
            path,
            digest: [0; 32],
            _reserved: reserved,
        })
    }

    /// Gives it its name, durably.
    async fn place(self, target: PathBuf) -> Result<String, StoreError> {
        let tag = hex::encode(&self.digest[..16]);
        let path = self.path.clone();
        blocking(move || {
            if let Some(directory) = target.parent() {
                std::fs::create_dir_all(directory)?;
                std::fs::rename(&path, &target)?;
                std::fs::File::open(directory)?.sync_all()?;
            }
            Ok(())
        })
        .await?;
        Ok(tag)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // It is not there if it was given its name.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn random() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Disk(io::Error::other(error)))?;
    Ok(hex::encode(bytes))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StoreError::Disk(io::Error::other(error)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_names_never_paths() {
        for (key, expected) in [
            ("abc/context.tar", "abc%2Fcontext.tar"),
            ("..", "%2E."),
            ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"),
            (".", "%2E"),
            ("a\0b", "a%00b"),
            ("ä", "%C3%A4"),
        ] {
            assert_eq!(name(key).expect("a name"), expected);
        }
        assert!(name("").is_err() && name(&"x".repeat(256)).is_err() && name(&"/".repeat(90)).is_err());
        assert!(plain("0b6f-a_b") && !plain("..") && !plain("a/b") && !plain("") && !plain(&"x".repeat(65)));
    }
}
