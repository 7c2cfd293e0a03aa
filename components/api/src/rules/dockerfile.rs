//! What the text of a Dockerfile asks for, as steps that a runner executes. No I/O: the same text gives the same plan.
//!
//! A sandbox is not a container: `FROM` names a Linux image, and what there is instead is the nearest WebAssembly base.
//! Whatever differs from what Docker would do is a [`Action::Note`], which the build prints, or an error; never a silence.
//! `docs/IMAGES.md` tells users the rules.

mod base;
mod copy;
mod error;
mod expand;
mod heredoc;
mod instructions;
mod lines;
mod packages;
mod reader;
mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use base::BASES;
pub use error::DockerfileError;

/// Longest text of a Dockerfile, in bytes: those that people write have a few KiB, generated ones inline a script.
pub const MAX_TEXT: usize = 128 << 10;
/// Most steps of a build: each may become a layer of its own.
pub const MAX_STEPS: usize = 256;

/// What a build does, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What it starts from.
    pub base: Base,
    /// In the order of the text.
    pub steps: Vec<Step>,
    /// What the image says about sandboxes made from it.
    pub config: ImageConfig,
    /// Variables that the base gives to the first step.
    pub base_env: BTreeMap<String, String>,
    /// Scripts by name that stand before all other commands while the image is built, and are not part of it: package
    /// managers of Linux, which say what the base has and refuse what it has not.
    pub commands: BTreeMap<String, String>,
}

impl Plan {
    /// Whether any step needs uploaded files.
    #[must_use]
    pub fn copies(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.action, Action::Copy { .. }))
    }
}

/// What a build starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind", content = "name")]
pub enum Base {
    /// The userland of the platform, without anything else.
    Userland,
    /// A snapshot, by the name that was given.
    Snapshot(String),
}

/// One step. Environment and working directory hold for the steps after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Line of the text where it begins, from 1.
    pub line: usize,
    /// The instruction as written, continuation lines joined; for the log.
    pub text: String,
    /// What to do.
    #[serde(flatten)]
    pub action: Action,
}

/// What a step does. All variables are expanded, except in commands, where the shell does it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "action")]
pub enum Action {
    /// A command. Fails the build unless it ends with 0.
    Run {
        /// Program and arguments.
        argv: Vec<String>,
    },
    /// Files of the uploaded contexts.
    #[serde(rename_all = "camelCase")]
    Copy {
        /// Paths within the contexts, without leading `/` and without `..`; `*`, `?` and `[…]` match within a name.
        sources: Vec<String>,
        /// Where to: an absolute path; a directory if it ends with `/`.
        destination: String,
        /// Mode of what is copied, below 0o10000.
        #[serde(skip_serializing_if = "Option::is_none")]
        mode: Option<u32>,
        /// Whether an archive among the sources is unpacked rather than copied.
        unpack: bool,
    },
    /// A variable of the image, for commands that follow and for sandboxes.
    Env {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// A variable for the commands that follow only.
    Arg {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// The directory in which commands run from here on; it is made if there is none.
    Workdir {
        /// An absolute path.
        path: String,
    },
    /// Nothing is done, and the log says why.
    Note {
        /// A sentence.
        reason: String,
    },
}

/// What an image says about sandboxes made from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageConfig {
    /// `ENTRYPOINT`: program and arguments; empty if there is none.
    pub entrypoint: Vec<String>,
    /// `CMD`: likewise.
    pub cmd: Vec<String>,
    /// `ENV`, all of them.
    pub env: BTreeMap<String, String>,
    /// `WORKDIR`; none: the home directory of the sandbox's user.
    pub workdir: Option<String>,
    /// `USER`, without its group.
    pub user: Option<String>,
}

/// Reads the text of a Dockerfile. `snapshots` are those that `FROM` may name beside [`BASES`], with what they say of
/// sandboxes, which the image then begins with.
///
/// # Errors
/// The first line that cannot be fulfilled, with the reason and what to do about it.
pub fn plan(text: &str, snapshots: &[(String, ImageConfig)]) -> Result<Plan, DockerfileError> {
    reader::read(text, snapshots)
}
