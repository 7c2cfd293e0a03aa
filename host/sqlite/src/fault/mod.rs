//! A disk that can be asked to fail: for tests.
//!
//! [`FaultVfs::register`] puts a shim between SQLite and the system's files. It passes everything on, and notes in a
//! [`Disk`] what was written since each file was last synced. So a test can count syncs, fail the n-th call, or cut
//! the power: from then on every call fails, and [`Disk::survivors`] gives the files as they may be found
//! afterwards.

mod disk;
mod random;
mod vfs;

pub use disk::{Disk, Failure, Fault, HeldSyncs, Loss};
pub use random::Random;
pub use vfs::FaultVfs;
