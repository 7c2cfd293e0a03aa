//! The HTTP API: the real components on the real store, called without a network. Runners are played by the tests.

mod backups;
mod builds;
mod lifecycle;
mod machine;
mod matrix;
mod organizations;
mod placement;
mod plane;
mod previews;
mod quotas;
mod regions;
mod runners;
mod snapshots;
mod tick;
mod volumes;
