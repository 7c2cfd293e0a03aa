//! What an organization's uploads take, and room for more: uploads are a cache of what clients still have, so the oldest
//! make room.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Bytes of all uploads of an organization, unfinished ones included.
pub const ORGANIZATION_BYTES: u64 = 8 << 30;
/// Objects of an organization.
pub const ORGANIZATION_OBJECTS: usize = 2_000;
/// Younger objects than this are never taken away for others: a build may be about to fetch them.
const KEPT: Duration = Duration::from_secs(3_600);
/// Unfinished uploads are forgotten after this: ten times as long as their credentials hold.
const UNFINISHED: Duration = Duration::from_secs(5 * 3_600);

/// There is no room.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

/// Bytes that are on their way, by organization.
#[derive(Clone, Default)]
pub struct Reservations(Arc<Mutex<HashMap<String, u64>>>);

/// Room that is held until it is dropped: by then the bytes are on disk, or given up.
pub struct Reserved {
    all: Arc<Mutex<HashMap<String, u64>>>,
    organization: String,
    bytes: u64,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = all.get_mut(&self.organization) {
            *held = held.saturating_sub(self.bytes);
            if *held == 0 {
                all.remove(&self.organization);
            }
        }
    }
}

impl Reservations {
    /// Holds room for `bytes` in an organization's `directory`, removing what is old if it must. Blocks.
    pub fn reserve(&self, directory: &Path, organization: &str, bytes: u64) -> io::Result<Result<Reserved, Full>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.get(organization).copied().unwrap_or(0);
        let now = SystemTime::now();
        let mut objects = entries(&directory.join(super::store::OBJECTS))?;
        let mut taken = held + objects.iter().map(|entry| entry.bytes).sum::<u64>();
        taken += unfinished(&directory.join(super::store::UPLOADS), now)?;
        objects.sort_by_key(|entry| entry.used);
        let mut count = objects.len();
        for entry in objects {
            let fits = taken.saturating_add(bytes) <= ORGANIZATION_BYTES && count < ORGANIZATION_OBJECTS;
            let old = now.duration_since(entry.used).is_ok_and(|age| age > KEPT);
            if fits || !old {
                break;
            }
            std::fs::remove_file(&entry.path)?;
            taken -= entry.bytes;
            count -= 1;
        }
        if taken.saturating_add(bytes) > ORGANIZATION_BYTES || count >= ORGANIZATION_OBJECTS {
            return Ok(Err(Full));
        }
        *all.entry(organization.to_owned()).or_default() += bytes;
        Ok(Ok(Reserved {
            all: Arc::clone(&self.0),
            organization: organization.to_owned(),
            bytes,
        }))
    }
}

/// One file.
struct Entry {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

/// The files of a directory, which may not be there.
fn entries(directory: &Path) -> io::Result<Vec<Entry>> {
    let listed = match std::fs::read_dir(directory) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut entries = Vec::new();
    for entry in listed {
        let entry = entry?;
        // Gone in between: then it takes nothing.
        let Ok(metadata) = entry.metadata() else { continue };
        entries.push(Entry {
            path: entry.path(),
            bytes: if metadata.is_file() { metadata.len() } else { 0 },
            used: metadata.modified()?,
        });
    }
    Ok(entries)
}

/// Bytes of finished parts; uploads that nobody will finish are removed.
fn unfinished(uploads: &Path, now: SystemTime) -> io::Result<u64> {
    let mut bytes = 0;
    for upload in entries(uploads)? {
        if now.duration_since(upload.used).is_ok_and(|age| age > UNFINISHED) {
            // Another front may be doing the same.
            let _ = std::fs::remove_dir_all(&upload.path);
            continue;
        }
        bytes += entries(&upload.path)?.iter().map(|part| part.bytes).sum::<u64>();
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_makes_room_and_what_is_new_does_not() {
        let home = std::env::temp_dir().join(format!("sandbar-usage-{}", std::process::id()));
        let objects = home.join(super::super::store::OBJECTS);
        std::fs::create_dir_all(&objects).expect("a directory");
        let file = |name: &str, age: u64| {
            let file = std::fs::File::create(objects.join(name)).expect("a file");
            // Sparse: it takes no room on this machine.
            file.set_len(ORGANIZATION_BYTES / 2).expect("a length");
            file.set_modified(SystemTime::now() - Duration::from_secs(age))
                .expect("a time");
        };
        file("old", 7_200);
        file("young", 60);
        let reservations = Reservations::default();
        let half = ORGANIZATION_BYTES / 2;
        let held = reservations
            .reserve(&home, "o", half)
            .expect("disk")
            .map_err(|_| "full")
            .expect("room");
        assert!(!objects.join("old").exists() && objects.join("young").exists());
        assert!(
            reservations.reserve(&home, "o", 1).expect("disk").is_err(),
            "what is on its way counts"
        );
        drop(held);
        assert!(reservations.reserve(&home, "o", half).expect("disk").is_ok());
        std::fs::remove_dir_all(home).expect("cleaned");
    }
}
