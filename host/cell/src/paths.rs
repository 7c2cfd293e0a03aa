//! Paths as clients write them: absolute, or relative to the work directory. What `..` and links in them mean is the
//! file layer's to say; here they are only made absolute and checked for size.

use crate::error::ApiError;
use crate::limits::PATH_BYTES;

/// The absolute form of `path`. Nothing expands `~`.
///
/// # Errors
/// 400 for a blank path, one with NUL, or one that is too long.
pub fn absolute(path: &str, work_dir: &str) -> Result<String, ApiError> {
    if path.trim().is_empty() {
        return Err(ApiError::bad_path("path is empty"));
    }
    if path.contains('\0') {
        return Err(ApiError::bad_path("path holds a NUL byte"));
    }
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{}/{path}", work_dir.trim_end_matches('/'))
    };
    if path.len() > PATH_BYTES {
        return Err(ApiError::bad_path(format!("path is longer than {PATH_BYTES} bytes")));
    }
    Ok(path)
}

/// The last component; `/` for the root.
#[must_use]
pub fn base_name(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit('/').next() {
        Some(name) if !name.is_empty() => name,
        _ => "/",
    }
}

/// Everything before the last component; none for the root and for a bare name.
#[must_use]
pub fn parent(path: &str) -> Option<&str> {
    let path = path.trim_end_matches('/');
    match path.rfind('/')? {
        0 if path.len() > 1 => Some("/"),
        0 => None,
        slash => Some(&path[..slash]),
    }
}

/// `directory` and `name` as one path.
#[must_use]
pub fn join(directory: &str, name: &str) -> String {
    format!("{}/{name}", directory.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_start_in_the_work_directory() {
        let home = "/home/daytona";
        assert_eq!(absolute("a/b", home).as_deref(), Ok("/home/daytona/a/b"));
        assert_eq!(absolute("/a", home).as_deref(), Ok("/a"));
        assert_eq!(absolute("~/x", home).as_deref(), Ok("/home/daytona/~/x"));
        assert_eq!(absolute("x", "/").as_deref(), Ok("/x"));
        for bad in ["", "  ", "a\0b", &"x/".repeat(2100)] {
            assert_eq!(absolute(bad, home).map_err(|e| e.status.as_u16()), Err(400));
        }
    }

    #[test]
    fn paths_are_taken_apart() {
        assert_eq!(base_name("/a/b/"), "b");
        assert_eq!(base_name("/"), "/");
        assert_eq!(parent("/a/b/"), Some("/a"));
        assert_eq!(parent("/a"), Some("/"));
        assert_eq!(parent("/"), None);
        assert_eq!(parent("a"), None);
        assert_eq!(join("/", "a"), "/a");
        assert_eq!(join("/x", "a"), "/x/a");
    }
}
