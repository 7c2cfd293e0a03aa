//! The rules of regions: names, owners, visibility, how a target resolves, what a sandbox may ask for.
//!
//! Pure functions of their arguments. The contract is `wit/region/region.wit`; `glue` translates it and is
//! compiled for Wasm only.

mod model;
mod names;
mod resources;
mod targets;

#[cfg(target_family = "wasm")]
mod glue;

pub use model::{Caller, Kind, Refusal, Region, Resources};
pub use names::{NAME_LENGTH, check_name, custom_id};
pub use resources::check_resources;
pub use targets::{resolve_target, visible};
