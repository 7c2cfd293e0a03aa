//! `FileInfo`, as the API shows it.

use sandbar_files::{Kind, Status};
use serde::Serialize;
use std::time::SystemTime;

/// Owner and group of everything in a sandbox: it has one user.
pub const OWNER: &str = "1000";

/// One file or directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileInfo {
    name: String,
    path: String,
    size: u64,
    mode: String,
    mod_time: String,
    modified_at: String,
    is_dir: bool,
    owner: &'static str,
    group: &'static str,
    permissions: String,
}

impl FileInfo {
    /// The view of one object.
    #[must_use]
    pub fn new(name: &str, path: &str, status: &Status) -> Self {
        let modified = timestamp(status.modified);
        Self {
            name: name.to_owned(),
            path: path.to_owned(),
            size: status.size,
            mode: mode_string(status.kind, status.mode),
            mod_time: modified.strftime("%Y-%m-%d %H:%M:%S%.f +0000 UTC").to_string(),
            modified_at: modified.to_string(),
            is_dir: status.kind == Kind::Directory,
            owner: OWNER,
            group: OWNER,
            permissions: format!("{:04o}", status.mode),
        }
    }
}

/// Times that the calendar cannot hold (a guest may set any) are shown as 1970.
fn timestamp(time: SystemTime) -> jiff::Timestamp {
    jiff::Timestamp::try_from(time).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// `-rw-r--r--` and the like.
fn mode_string(kind: Kind, mode: u32) -> String {
    let mut text = String::with_capacity(10);
    text.push(match kind {
        Kind::Regular => '-',
        Kind::Directory => 'd',
        Kind::Symlink => 'L',
        Kind::CharacterDevice => 'c',
        Kind::Other => 'p',
    });
    for bit in (0..9).rev() {
        let letter = ['x', 'w', 'r'][bit % 3];
        text.push(if mode & (1 << bit) == 0 { '-' } else { letter });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandbar_files::Layer;
    use std::time::Duration;

    #[test]
    fn a_file_looks_as_documented() {
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_767_225_600, 0);
        let status = Status {
            kind: Kind::Regular,
            mode: 0o644,
            size: 5,
            modified: time,
            accessed: time,
            changed: time,
            inode: 1,
            links: 1,
            layer: Layer::Upper,
        };
        let info = serde_json::to_value(FileInfo::new("one.txt", "/tmp/one.txt", &status)).expect("JSON");
        let expected = serde_json::json!({
            "name": "one.txt", "path": "/tmp/one.txt", "size": 5, "mode": "-rw-r--r--",
            "modTime": "2026-01-01 00:00:00 +0000 UTC", "modifiedAt": "2026-01-01T00:00:00Z",
            "isDir": false, "owner": "1000", "group": "1000", "permissions": "0644",
        });
        assert_eq!(info, expected);
    }

    #[test]
    fn kinds_and_bits_are_spelled() {
        assert_eq!(mode_string(Kind::Directory, 0o755), "drwxr-xr-x");
        assert_eq!(mode_string(Kind::Symlink, 0o777), "Lrwxrwxrwx");
        assert_eq!(mode_string(Kind::Regular, 0o007), "-------rwx");
    }
}
