//! What snapshots and volumes may be called, and where a volume may be mounted. No I/O.

use crate::http::Problem;

/// Bytes of a name: it goes into rows, lists and logs.
const NAME: usize = 255;
/// Hexadecimal digits of a digest.
const DIGEST: usize = 64;
/// Bytes of a path inside a sandbox.
const PATH: usize = 1_024;
/// Snapshots of an organization, as documented.
pub const MOST_SNAPSHOTS: u32 = 30;
/// Volumes of an organization, as documented.
pub const MOST_VOLUMES: u32 = 100;
/// Volumes of one sandbox: each is a lookup of its own for every path inside.
pub const MOST_MOUNTS: usize = 16;
/// GiB of a volume: as much as the largest sandbox of the usual limits has.
pub const VOLUME_GIB: u32 = 10;
/// Directories that belong to the system, where nothing is mounted.
const SYSTEM: [&str; 9] = [
    "/proc", "/sys", "/dev", "/boot", "/etc", "/bin", "/sbin", "/lib", "/lib64",
];

fn bad<T>(text: String) -> Result<T, Problem> {
    Err(Problem::BadRequest(text))
}

/// The documented pattern of names and images: words of letters, digits, `_`, `.`, `-`, `:`, separated by `/`, and perhaps
/// `@sha256:` with a digest.
pub fn name(field: &str, text: &str) -> Result<(), Problem> {
    let (words, digest) = match text.split_once("@sha256:") {
        Some((words, digest)) => (words, Some(digest)),
        None => (text, None),
    };
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.-:".contains(&byte))
    };
    let hex = |digest: &str| {
        digest.len() == DIGEST
            && digest
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    if text.len() <= NAME && words.split('/').all(word) && digest.is_none_or(hex) {
        return Ok(());
    }
    bad(format!(
        "{field}: {text:?} is not a name of letters, digits, \"_\", \".\", \"-\", \":\" and \"/\" with at most {NAME} bytes"
    ))
}

/// An image has a tag or a digest, and the tag is not one that moves.
pub fn image(text: &str) -> Result<(), Problem> {
    name("imageName", text)?;
    if text.contains("@sha256:") {
        return Ok(());
    }
    let last = text.rsplit('/').next().unwrap_or(text);
    match last.split_once(':') {
        Some((_, "latest")) => bad(format!("imageName: {text}: \"latest\" moves; name a version")),
        Some((_, tag)) if !tag.is_empty() => Ok(()),
        _ => bad(format!(
            "imageName: {text} has neither tag nor digest; write for example {text}:1.0"
        )),
    }
}

/// A place for a volume: an absolute path that is neither `/` nor the system's.
pub fn mount_path(path: &str) -> Result<(), Problem> {
    let refuse = |why: &str| bad(format!("volumes: mountPath {path:?} {why}"));
    let Some(inside) = path.strip_prefix('/') else {
        return refuse("is not absolute");
    };
    let inside = inside.strip_suffix('/').unwrap_or(inside);
    if inside.is_empty() {
        return refuse("is the root");
    }
    if path.len() > PATH || path.bytes().any(|byte| byte < 0x20) {
        return refuse("is too long or has control characters");
    }
    if inside.split('/').any(|part| ["", ".", ".."].contains(&part)) {
        return refuse("has an empty part, \".\" or \"..\"");
    }
    let system = |one: &&&str| path == **one || path.strip_prefix(**one).is_some_and(|rest| rest.starts_with('/'));
    match SYSTEM.iter().find(system) {
        Some(one) => refuse(&format!("is in {one}, which belongs to the system")),
        None => Ok(()),
    }
}

/// A directory within a volume.
pub fn subpath(path: &str) -> Result<(), Problem> {
    let fine = path.len() <= PATH
        && !path.bytes().any(|byte| byte < 0x20)
        && path
            .strip_suffix('/')
            .unwrap_or(path)
            .split('/')
            .all(|part| !["", ".", ".."].contains(&part));
    if fine {
        Ok(())
    } else {
        bad(format!(
            "volumes: subpath {path:?} is not relative, or has an empty part, \".\" or \"..\""
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_images_follow_the_documented_pattern() {
        for good in ["a", "my-snapshot", "org/app:1.2_3", "a.b/c:d"] {
            assert_eq!(name("name", good), Ok(()), "{good}");
        }
        let digest = format!("python@sha256:{}", "0a".repeat(32));
        assert_eq!(name("name", &digest), Ok(()));
        assert_eq!(image(&digest), Ok(()));
        let long = "x".repeat(256);
        for wrong in ["", "a b", "/a", "a//b", "a/", "é", "a@sha256:12", "<b>", long.as_str()] {
            assert!(name("name", wrong).is_err(), "{wrong}");
        }
        assert_eq!(image("python:3.12-slim"), Ok(()));
        for wrong in ["python", "python:latest", "host:5000/python", "python:"] {
            assert!(image(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn volumes_are_mounted_only_where_users_own() {
        for good in ["/data", "/home/daytona/x/", "/etcetera", "/mnt/a-b"] {
            assert_eq!(mount_path(good), Ok(()), "{good}");
        }
        for wrong in [
            "", "/", "//", "data", "/etc", "/etc/x", "/proc", "/dev/shm", "/a/../b", "/a/./b", "/a//b", "/a\nb",
            "/lib64/x",
        ] {
            assert!(mount_path(wrong).is_err(), "{wrong}");
        }
        for good in ["a", "a/b", "a/"] {
            assert_eq!(subpath(good), Ok(()), "{good}");
        }
        for wrong in ["", "/a", "../a", "a/..", "a//b", "."] {
            assert!(subpath(wrong).is_err(), "{wrong}");
        }
    }
}
