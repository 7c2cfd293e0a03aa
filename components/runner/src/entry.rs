//! What the agent knows of one sandbox.

use serde::{Deserialize, Serialize};

use crate::model::{JobKind, Millis, Observation, Spec, State};

/// Where a sandbox should be brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Target {
    Started,
    Stopped,
    Destroyed,
}

impl Target {
    /// Where a job leads; none if it leaves that as it is.
    pub(crate) fn of(kind: JobKind) -> Option<Self> {
        match kind {
            JobKind::Create | JobKind::Start => Some(Self::Started),
            JobKind::Stop => Some(Self::Stopped),
            JobKind::Destroy => Some(Self::Destroyed),
            JobKind::Update => None,
        }
    }
}

/// Where a sandbox is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Never made here.
    Absent,
    Started,
    Stopped,
    Destroyed,
    Failed {
        reason: String,
        recoverable: bool,
        at: Millis,
    },
}

/// What an action in flight does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Step {
    Make,
    Stop,
    Remove,
}

/// An action in flight. A sandbox has at most one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Work {
    pub number: u64,
    pub step: Step,
    /// Generation of the intent that asked for it.
    pub generation: u64,
    pub since: Millis,
    /// Hands a started sandbox to a new cell; nobody asked, so success is not reported.
    pub restore: bool,
}

/// One sandbox. It is `settled` when the intent of its generation has been reached or has failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub generation: u64,
    pub target: Target,
    pub phase: Phase,
    pub settled: bool,
    /// Whether its files were made.
    pub made: bool,
    /// Whether the present cell knows the sandbox.
    pub loaded: bool,
    pub spec: Option<Spec>,
    pub work: Option<Work>,
    /// Jobs that end with the next observation.
    pub jobs: Vec<String>,
    /// Its files should be here and are not. Only a create of a newer generation makes new ones.
    #[serde(default)]
    pub lost: bool,
    /// Disowned up to this generation: it is removed before anything else is done with it, and forgotten unless a
    /// newer intent has come.
    #[serde(default)]
    pub purge: Option<u64>,
    /// Why the job that ends with the next observation was refused.
    #[serde(default)]
    pub note: Option<String>,
}

impl Entry {
    pub(crate) fn new(generation: u64, target: Target) -> Self {
        Self {
            generation,
            target,
            phase: Phase::Absent,
            settled: false,
            made: false,
            loaded: false,
            spec: None,
            work: None,
            jobs: Vec::new(),
            lost: false,
            purge: None,
            note: None,
        }
    }

    /// What a sandbox is whose files should be here and are not.
    pub(crate) fn lost(sandbox: &str, generation: u64, at: Millis) -> Self {
        let mut entry = Self::new(generation, Target::Started);
        entry.phase = Phase::Failed {
            reason: format!(
                "the files of sandbox {sandbox} are not on this runner: its data directory was lost or is another; \
                 delete the sandbox and create it again"
            ),
            recoverable: false,
            at,
        };
        entry.settled = true;
        entry.lost = true;
        entry
    }

    /// Whether the phase is the one that the target asks for.
    pub(crate) fn arrived(&self) -> bool {
        matches!(
            (self.target, &self.phase),
            (Target::Started, Phase::Started)
                | (Target::Stopped, Phase::Stopped)
                | (Target::Destroyed, Phase::Destroyed)
        )
    }

    /// The phase as the plane shall see it; none while the sandbox has never been anything.
    pub(crate) fn observe(&self, sandbox: &str, job: Option<String>) -> Option<Observation> {
        let (state, reason, recoverable) = match &self.phase {
            Phase::Absent => return None,
            Phase::Started => (State::Started, self.note.clone(), false),
            Phase::Stopped => (State::Stopped, self.note.clone(), false),
            Phase::Destroyed => (State::Destroyed, None, false),
            Phase::Failed {
                reason, recoverable, ..
            } => (State::Error, Some(reason.clone()), *recoverable),
        };
        Some(Observation {
            sandbox: sandbox.to_owned(),
            generation: self.generation,
            state,
            reason,
            recoverable,
            job,
        })
    }
}
