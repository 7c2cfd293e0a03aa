//! Why a command failed: what a person reads, the exit code, and the kind that the toolbox answers by.

use git2::{ErrorClass, ErrorCode};

/// What kind of failure it is, for callers that are programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The request makes no sense.
    Invalid,
    /// Credentials are missing or wrong.
    Authentication,
    /// The credentials are known, but may not do this.
    Forbidden,
    /// No such repository, here or there.
    NoRepository,
    /// No such branch, commit, remote or path.
    NoReference,
    /// There is one of that name.
    Exists,
    /// Local changes stand in the way.
    Dirty,
    /// Changes of both sides meet in one place.
    Conflict,
    /// The other side has what is not here.
    NotFastForward,
    /// The other side refused a reference.
    Rejected,
    /// The other side could not be reached or understood.
    Transport,
    /// Anything else.
    Other,
}

/// A failure.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What kind.
    pub kind: Kind,
    /// What a person reads: whole lines, prefix included; empty if all has been said.
    pub message: String,
    /// The exit code.
    pub code: i32,
}

impl Failure {
    /// `fatal: …`, exit code 128.
    pub fn fatal(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: format!("fatal: {}", message.into()),
            code: 128,
        }
    }

    /// `error: …`, exit code 1.
    pub fn error(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: format!("error: {}", message.into()),
            code: 1,
        }
    }

    /// A wrong use of a command, exit code 129.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            kind: Kind::Invalid,
            message: format!("error: {}", message.into()),
            code: 129,
        }
    }

    /// A text as it is, with exit code 1.
    pub fn plain(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            code: 1,
        }
    }

    /// Says it on standard error.
    pub fn complain(&self) {
        if !self.message.is_empty() {
            crate::out::note(&self.message);
        }
    }

    /// The message without `fatal: ` or `error: `.
    pub fn words(&self) -> &str {
        self.message
            .strip_prefix("fatal: ")
            .or_else(|| self.message.strip_prefix("error: "))
            .unwrap_or(&self.message)
    }
}

impl From<git2::Error> for Failure {
    fn from(error: git2::Error) -> Self {
        if let Some(failure) = crate::transport::take_failure() {
            return failure;
        }
        let kind = match (error.code(), error.class()) {
            (ErrorCode::Auth, _) => Kind::Authentication,
            (ErrorCode::NotFound, ErrorClass::Repository) => Kind::NoRepository,
            (ErrorCode::NotFound | ErrorCode::Ambiguous | ErrorCode::UnbornBranch, _) => Kind::NoReference,
            (ErrorCode::Exists, _) => Kind::Exists,
            (ErrorCode::Conflict | ErrorCode::Uncommitted | ErrorCode::IndexDirty, ErrorClass::Checkout) => Kind::Dirty,
            (ErrorCode::Uncommitted | ErrorCode::IndexDirty, _) => Kind::Dirty,
            (ErrorCode::Conflict | ErrorCode::MergeConflict | ErrorCode::Unmerged, _) => Kind::Conflict,
            (ErrorCode::NotFastForward, _) => Kind::NotFastForward,
            (ErrorCode::InvalidSpec, _) => Kind::Invalid,
            (_, ErrorClass::Net | ErrorClass::Http | ErrorClass::Ssl) => Kind::Transport,
            _ => Kind::Other,
        };
        Self::fatal(kind, error.message())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::fatal(Kind::Other, crate::console::reason(&error))
    }
}
