//! What the promise tests share: a freshly started platform, a small client, and running an SDK program.

mod api;
mod command;
mod fleet;
mod git_server;
mod mirror;
mod platform;
mod program;

pub use api::{Api, Reply};
pub use command::{Cli, Ran};
pub use fleet::{RunnerProcess, make_region};
pub use git_server::{Certificate, GitServer};
pub use mirror::Mirror;
pub use platform::{Platform, Settings, binary, root};
pub use program::{Finished, run_program};
