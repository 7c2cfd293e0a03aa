//! Why a Dockerfile is refused.

/// A line that cannot be fulfilled: where, what, why and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Dockerfile line {line}: {what}: {why}; {next}")]
pub struct DockerfileError {
    /// Line of the text, from 1.
    pub line: usize,
    /// The instruction, or as much of it as tells which.
    pub what: String,
    /// What is wrong with it.
    pub why: String,
    /// What the author can do.
    pub next: String,
}

/// Characters of an instruction that are repeated in an error.
const SHOWN: usize = 120;

/// The reason and the next step, before the line is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    why: String,
    next: String,
}

/// A refusal.
pub(super) fn refuse(why: impl Into<String>, next: impl Into<String>) -> Refusal {
    Refusal {
        why: why.into(),
        next: next.into(),
    }
}

impl Refusal {
    /// Of the instruction `text`, which begins in `line`.
    pub(super) fn at(self, line: usize, text: &str) -> DockerfileError {
        DockerfileError {
            line,
            what: short(text),
            why: self.why,
            next: self.next,
        }
    }
}

/// The beginning of an instruction, on one line.
fn short(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match flat.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &flat[..end]),
        None => flat,
    }
}
