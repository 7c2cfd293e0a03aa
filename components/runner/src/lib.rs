//! The agent on a runner: admission, the ledger of capacity, the life of each sandbox, the health report.
//!
//! It is a state machine. [`Agent::handle`] takes one [`Event`] at a moment given by the caller and returns the
//! [`Action`]s to execute, in order; their outcomes come back as events. It does no I/O, reads no clock and draws
//! no randomness, so the very same code runs on a runner and in a simulator with a virtual clock.
//!
//! The contract is `wit/runner/runner.wit`; `glue` translates it and is compiled for Wasm only.

mod admit;
mod agent;
mod entry;
mod handover;
mod health;
mod ledger;
mod model;
mod outbox;
mod recovery;
mod removal;
mod tasks;

#[cfg(target_family = "wasm")]
mod glue;

pub use agent::{Agent, limits};
pub use handover::HandoverError;
pub use ledger::{Ledger, Shortage};
pub use model::{
    Action, Amounts, Configuration, Count, Event, Health, Job, JobKind, Millis, Observation, Outcome, Refusal, Sample,
    Spec, State, Task, TaskKind,
};
