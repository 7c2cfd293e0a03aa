//! The rules of the fleet: a runner's verdict and score, and where a sandbox goes.
//!
//! Pure functions of their arguments: time and randomness come in as values. The contract is
//! `wit/scheduler/scheduler.wit`; `glue` translates it and is compiled for Wasm only.

mod model;
mod place;
mod refusal;
mod score;
mod verdict;

#[cfg(target_family = "wasm")]
mod glue;

pub use model::{Amounts, Choice, Judgement, Limits, Millis, Policy, Refusal, Request, Runner, Verdict};
pub use place::{NEAR, place};
pub use score::score;
pub use verdict::{judge, verdict};
