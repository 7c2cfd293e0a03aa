//! Paths as text.

/// `path` made absolute against the working directory, without resolving anything in it.
pub fn absolute(path: &str) -> String {
    match std::path::absolute(path) {
        Ok(path) => path.to_string_lossy().into_owned(),
        Err(_) => path.to_owned(),
    }
}
