//! A fleet in one thread, under a virtual clock.
//!
//! What runs is what ships: the compiled `scheduler` and `runner` components, one instance of the agent for each of up
//! to a thousand runners, and the real verbs of the store on a database in memory. Simulated are the rest: machines
//! and their disks, the network between them and the plane, clients, and everything that goes wrong: messages lost,
//! doubled, late and out of order; partitions of one or both directions, of one runner or of half a region; clocks that
//! run fast or slow; processes stopped and continued; crashes with and without the disk; restarts of the plane; a second
//! process with the same token; a runner that lies.
//!
//! Everything follows from a seed. [`run`] plays one history and checks after each step what must always hold; what it
//! finds is a [`Violation`]. [`report`] plays a failed one again, smaller, and tells its end.

mod actions;
mod bench;
mod calls;
mod clients;
mod faults;
mod link;
mod machine;
mod memory;
mod options;
mod placing;
mod plane;
mod report;
mod rng;
mod rows;
mod truth;
mod world;

pub use bench::{Placements, placements_per_second};
pub use options::{Faults, Options, Sabotage};
pub use report::report;
pub use truth::Violation;
pub use world::{Played, run};

/// Milliseconds: of the virtual clock, or since the Unix epoch where a plane's clock is meant.
pub type Millis = u64;
