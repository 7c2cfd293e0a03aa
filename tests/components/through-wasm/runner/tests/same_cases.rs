//! The cases of `components/runner/tests`, with the compiled component in the place of the crate.

#![allow(
    clippy::duplicate_mod,
    reason = "each case file brings the miniature host, as it does natively"
)]

extern crate through_wasm_runner as runner;

#[path = "../../../../../components/runner/tests/calls_and_cells.rs"]
mod calls_and_cells;
#[path = "../../../../../components/runner/tests/chaos.rs"]
mod chaos;
#[path = "../../../../../components/runner/tests/health_and_handover.rs"]
mod health_and_handover;
#[path = "../../../../../components/runner/tests/jobs.rs"]
mod jobs;
#[path = "../../../../../components/runner/tests/leases.rs"]
mod leases;
