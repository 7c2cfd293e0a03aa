//! The rules of regions: names, owners, visibility, services and their credentials, how a target resolves, what a
//! sandbox may ask for.
//!
//! Pure functions of their arguments. The contract is `wit/region/region.wit`; `glue` translates it and is
//! compiled for Wasm only.

mod model;
mod names;
mod resources;
mod services;
mod targets;

#[cfg(target_family = "wasm")]
mod glue;

pub use model::{
    Caller, CredentialStep, Kind, Reachability, Refusal, Region, Resources, RunnerLink, Service, Services,
};
pub use names::{NAME_LENGTH, check_name, custom_id};
pub use resources::check_resources;
pub use services::{URL_LENGTH, check_regenerate, check_services, plan_services, reachability};
pub use targets::{check_own, resolve_target, visible};
