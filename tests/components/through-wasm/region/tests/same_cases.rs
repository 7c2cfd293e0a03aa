//! The cases of `components/region/tests`, with the compiled component in the place of the crate.

extern crate through_wasm_region as region;

#[path = "../../../../../components/region/tests/names_and_limits.rs"]
mod names_and_limits;
#[path = "../../../../../components/region/tests/services.rs"]
mod services;
#[path = "../../../../../components/region/tests/targets.rs"]
mod targets;
