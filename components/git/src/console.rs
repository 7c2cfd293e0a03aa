//! What the network code shared with the tools says of errors.

/// The plain words of an error, as `strerror` has them: without std's "(os error N)".
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}
