//! The journal: what each sandbox of this runner is made of, and whether it is started.
//!
//! One file for each sandbox, `sandboxes/<id>/spec.json`, replaced by rename, so that a reader finds the old or the
//! new one whole. It is **not** synced on the way of a create: the one sync before a create's answer is the store's.
//!
//! What a lost entry means. A crash of this program, `kill -9` included, loses nothing: the kernel has the pages. A
//! power failure can lose entries of the last half minute or so. The plane's row is durable, and at its start the
//! runner asks for its rows: a sandbox that has a row and no entry is taken over from the row, on whatever files the disk
//! still has for it (`upper/` is never emptied by that). So a sandbox never vanishes; what can be missing are files
//! that nobody had synced, as after a power failure of any machine. What the journal adds to the row is the start
//! without the plane: sandboxes known here serve again before the plane is reachable.

use crate::machine::Amounts;
use sandbar_cell::valid_id;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const FILE: &str = "spec.json";
/// The sandbox's own layer, made by the cell.
const UPPER: &str = "upper";
/// Names the frozen layer that the sandbox stands on: a freeze that was cut short leaves nothing but this.
const STACK: &str = "stack";
const NEW: &str = "spec.json.new";

/// Largest entry: env and labels are bounded by the API far below this.
const MOST_BYTES: u64 = 4 << 20;

/// One sandbox in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    pub(crate) sandbox: String,
    pub(crate) generation: u64,
    pub(crate) cpu_milli: u64,
    pub(crate) memory_mib: u64,
    pub(crate) disk_mib: u64,
    /// JSON as the plane sent it.
    pub(crate) details: String,
    pub(crate) started: bool,
}

impl Record {
    pub(crate) fn need(&self) -> Amounts {
        Amounts {
            cpu_milli: self.cpu_milli,
            memory_mib: self.memory_mib,
            disk_mib: self.disk_mib,
        }
    }
}

/// The directory `sandboxes/` of one runner.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    root: PathBuf,
}

impl Journal {
    /// Opens the journal, making its directory if needed. All calls block.
    pub(crate) fn open(root: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&root)?;
        Ok(Self { root })
    }

    /// The directory of all sandboxes.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of one sandbox. Ids that could be paths are refused.
    pub(crate) fn directory(&self, sandbox: &str) -> io::Result<PathBuf> {
        if valid_id(sandbox) {
            Ok(self.root.join(sandbox))
        } else {
            Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{sandbox:?} cannot be the id of a sandbox"),
            ))
        }
    }

    /// Writes one entry.
    pub(crate) fn write(&self, record: &Record) -> io::Result<()> {
        let directory = self.directory(&record.sandbox)?;
        match fs::create_dir(&directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let new = directory.join(NEW);
        fs::write(&new, serde_json::to_vec(record)?)?;
        fs::rename(new, directory.join(FILE))
    }

    /// Removes what is left of a sandbox after its files are gone; a missing one is fine.
    pub(crate) fn remove(&self, sandbox: &str) -> io::Result<()> {
        match fs::remove_dir_all(self.directory(sandbox)?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Whether there are files of this sandbox.
    pub(crate) fn has_files(&self, sandbox: &str) -> bool {
        self.directory(sandbox)
            .is_ok_and(|directory| directory.join(UPPER).is_dir() || directory.join(STACK).is_file())
    }

    /// Ids of directories that are not `held`: what a crash between making files and writing the entry leaves, or an entry
    /// that cannot be read.
    pub(crate) fn orphans(&self, held: impl Fn(&str) -> bool) -> io::Result<Vec<String>> {
        let mut orphans = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let id = entry.file_name().to_str().map(str::to_owned).filter(|id| valid_id(id));
            if let Some(id) = id
                && entry.file_type()?.is_dir()
                && !held(&id)
            {
                orphans.push(id);
            }
        }
        Ok(orphans)
    }

    /// Every readable entry, in order of id. One that cannot be read is logged and left alone: its files stay, and the
    /// plane's row brings the sandbox back.
    pub(crate) fn read_all(&self) -> io::Result<Vec<Record>> {
        let mut records = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            // Layers that sandboxes share lie beside them.
            let Some(id) = entry.file_name().to_str().map(str::to_owned).filter(|id| valid_id(id)) else {
                continue;
            };
            match read(&entry.path().join(FILE)) {
                Ok(record) if record.sandbox == id && valid_id(&id) => records.push(record),
                Ok(record) => tracing::warn!(%id, names = %record.sandbox, "journal entry in the wrong place"),
                Err(error) => tracing::warn!(%id, %error, "journal entry cannot be read"),
            }
        }
        records.sort_by(|a, b| a.sandbox.cmp(&b.sandbox));
        Ok(records)
    }
}

fn read(path: &Path) -> io::Result<Record> {
    let size = fs::metadata(path)?.len();
    if size > MOST_BYTES {
        return Err(io::Error::other(format!("{size} bytes are too many")));
    }
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(sandbox: &str) -> Record {
        Record {
            sandbox: sandbox.into(),
            generation: 3,
            cpu_milli: 1000,
            memory_mib: 1024,
            disk_mib: 3072,
            details: r#"{"env":{"A":"ä"}}"#.into(),
            started: true,
        }
    }

    fn journal() -> (tempfile::TempDir, Journal) {
        let home = tempfile::tempdir().expect("a directory");
        let journal = Journal::open(home.path().join("sandboxes")).expect("a journal");
        (home, journal)
    }

    #[test]
    fn entries_survive_and_are_replaced() {
        let (_home, journal) = journal();
        journal.write(&record("b")).expect("write");
        journal.write(&record("a")).expect("write");
        let stopped = Record {
            started: false,
            ..record("b")
        };
        journal.write(&stopped).expect("replace");
        assert_eq!(journal.read_all().expect("read"), [record("a"), stopped]);
        journal.remove("a").expect("remove");
        journal.remove("a").expect("again");
        assert_eq!(journal.read_all().expect("read").len(), 1);
    }

    #[test]
    fn a_torn_entry_hides_no_other_and_keeps_its_files() {
        let (_home, journal) = journal();
        journal.write(&record("good")).expect("write");
        let torn = journal.root().join("torn");
        fs::create_dir_all(torn.join("upper")).expect("directory");
        fs::write(torn.join(FILE), b"").expect("write");
        fs::create_dir(journal.root().join("renamed")).expect("directory");
        fs::copy(
            journal.root().join("good").join(FILE),
            journal.root().join("renamed").join(FILE),
        )
        .expect("copy");
        assert_eq!(journal.read_all().expect("read"), [record("good")]);
        let mut orphans = journal.orphans(|id| id == "good").expect("read");
        orphans.sort();
        assert_eq!(orphans, ["renamed", "torn"]);
        assert!(journal.has_files("torn") && !journal.has_files("renamed") && !journal.has_files("../torn"));
        journal.write(&record("torn")).expect("write over it");
        assert!(torn.join("upper").is_dir());
    }

    #[test]
    fn an_id_cannot_leave_the_directory() {
        let (_home, journal) = journal();
        assert!(journal.write(&record("../x")).is_err());
        assert!(journal.remove("..").is_err());
        assert!(journal.remove("").is_err());
        assert!(journal.root().is_dir());
    }
}
