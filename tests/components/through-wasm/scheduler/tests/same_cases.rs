//! The cases of `components/scheduler/tests`, with the compiled component in the place of the crate.

extern crate through_wasm_scheduler as scheduler;

#[path = "../../../../../components/scheduler/tests/brake.rs"]
mod brake;
#[path = "../../../../../components/scheduler/tests/place.rs"]
mod place;
#[path = "../../../../../components/scheduler/tests/score.rs"]
mod score;
