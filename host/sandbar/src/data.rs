//! The data directory: who holds it, the API key, the secrets between our own processes.

use crate::error::StartError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Our own files are short; a longer one is not ours.
const MAX_FILE: u64 = 1 << 20;

/// An opened data directory. The lock goes with the process.
pub struct Data {
    directory: PathBuf,
    _lock: File,
}

/// What our own processes tell each other apart by. Never leaves the machine.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Secrets {
    /// With which the front asks the API whether a caller may.
    pub front_key: String,
    /// Tokens of the local runners by `<region>/<name>`.
    pub runners: BTreeMap<String, String>,
}

impl Data {
    /// Opens the directory, making it (mode 0700) if missing, and locks it.
    pub fn open(directory: &Path) -> Result<Data, StartError> {
        let hint = "Choose a directory of your own with --data-dir";
        let fail = |action, source| StartError::Data {
            action,
            path: directory.to_path_buf(),
            source,
            hint,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|error| fail("make", error))?;
        let directory = directory.canonicalize().map_err(|error| fail("find", error))?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(directory.join("lock"))
            .map_err(|error| fail("lock", error))?;
        match rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Data { directory, _lock: lock }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(StartError::InUse(directory)),
            Err(error) => Err(fail("lock", error.into())),
        }
    }

    /// A path in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The API key, made at the first call.
    pub fn api_key(&self) -> Result<String, StartError> {
        let path = self.path("api-key");
        if let Some(text) = read(&path)? {
            let key = text.trim().to_owned();
            let usable = key.len() >= 16 && key.bytes().all(|byte| byte.is_ascii_graphic());
            return if usable {
                Ok(key)
            } else {
                Err(damaged(&path, "it does not hold a key"))
            };
        }
        let key = format!("dtn_{}", random_hex()?);
        write(&path, format!("{key}\n").as_bytes())?;
        Ok(key)
    }

    /// The secrets, with a token for each of `runners` (`<region>/<name>`).
    pub fn secrets(&self, runners: &[String]) -> Result<Secrets, StartError> {
        let path = self.path("secrets.json");
        let mut secrets: Secrets = match read(&path)? {
            Some(text) => serde_json::from_str(&text).map_err(|error| damaged(&path, &error.to_string()))?,
            None => Secrets::default(),
        };
        let mut changed = false;
        if secrets.front_key.is_empty() {
            secrets.front_key = random_hex()?;
            changed = true;
        }
        for runner in runners {
            if !secrets.runners.contains_key(runner) {
                secrets.runners.insert(runner.clone(), random_hex()?);
                changed = true;
            }
        }
        if changed {
            let text = serde_json::to_vec_pretty(&secrets).map_err(|error| damaged(&path, &error.to_string()))?;
            write(&path, &text)?;
        }
        Ok(secrets)
    }
}

/// Lower-case hex SHA-256: what the store keeps of a credential.
pub fn hash(credential: &str) -> String {
    hex::encode(Sha256::digest(credential.as_bytes()))
}

/// 256 random bits.
fn random_hex() -> Result<String, StartError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| StartError::Option(format!("the system has no randomness: {error}")))?;
    Ok(hex::encode(bytes))
}

fn damaged(path: &Path, reason: &str) -> StartError {
    StartError::Damaged {
        path: path.to_path_buf(),
        reason: reason.to_owned(),
    }
}

fn failed(action: &'static str, path: &Path, source: std::io::Error) -> StartError {
    StartError::Data {
        action,
        path: path.to_path_buf(),
        source,
        hint: "Check who owns the data directory and how full its disk is",
    }
}

fn read(path: &Path) -> Result<Option<String>, StartError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path, error)),
    };
    let mut text = String::new();
    file.take(MAX_FILE)
        .read_to_string(&mut text)
        .map_err(|error| failed("read", path, error))?;
    Ok(Some(text))
}

/// Whole or not at all, readable by the owner only, and on disk when this returns: a key that was printed must be there
/// after a power loss.
fn write(path: &Path, bytes: &[u8]) -> Result<(), StartError> {
    let beside = path.with_extension("new");
    let attempt = || -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        path.parent()
            .map_or(Ok(()), |directory| File::open(directory)?.sync_all())
    };
    attempt().map_err(|error| failed("write", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn keys_and_secrets_are_made_once_and_private() {
        let directory = tempfile::tempdir().unwrap();
        let data = Data::open(directory.path()).unwrap();
        let key = data.api_key().unwrap();
        assert_eq!(data.api_key().unwrap(), key);
        let first = data.secrets(&["us/local-1".to_owned()]).unwrap();
        let more = data
            .secrets(&["us/local-1".to_owned(), "eu/local-1".to_owned()])
            .unwrap();
        assert_eq!(first.front_key, more.front_key);
        assert_eq!(first.runners["us/local-1"], more.runners["us/local-1"]);
        assert_ne!(more.runners["us/local-1"], more.runners["eu/local-1"]);
        for name in ["api-key", "secrets.json"] {
            assert_eq!(
                data.path(name).metadata().unwrap().permissions().mode() & 0o777,
                0o600,
                "{name}"
            );
        }
    }

    #[test]
    fn a_directory_is_held_once() {
        let directory = tempfile::tempdir().unwrap();
        let _held = Data::open(directory.path()).unwrap();
        assert!(matches!(Data::open(directory.path()), Err(StartError::InUse(_))));
    }

    #[test]
    fn a_damaged_key_is_refused_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let data = Data::open(directory.path()).unwrap();
        std::fs::write(data.path("api-key"), "\n").unwrap();
        assert!(matches!(data.api_key(), Err(StartError::Damaged { .. })));
        assert_eq!(std::fs::read_to_string(data.path("api-key")).unwrap(), "\n");
    }
}
