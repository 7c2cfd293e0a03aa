//! Sandbar as a library: the whole platform, or a runner alone, inside another Rust program.
//!
//! [`Platform`] is both planes in one process tree: the control plane that `spin.toml` describes on embedded SQLite,
//! the front that carries toolbox traffic, and a runner for each region. `sandbar up` is a thin layer of command line over
//! it, so whatever the command does, an embedding program can do:
//!
//! ```no_run
//! # async fn example() -> Result<(), sandbar::StartError> {
//! let options = sandbar::Options::new("/var/lib/sandbar").region("us");
//! let platform = sandbar::Platform::start(options, &|step| eprintln!("{step}")).await?;
//! println!("{} {}", platform.api_url(), platform.api_key());
//! platform.shutdown().await;
//! # Ok(()) }
//! ```
//!
//! Sandboxes live in child processes: an embedding program must be able to start the `sandbar` binary as a cell
//! ([`Options::executable`]), or answer its hidden subcommands itself with [`child_main`].

mod data;
mod error;
mod home;
mod listener;
mod options;
mod otlp;
mod plane_api;
mod platform;
mod precompile;
mod readiness;
mod remote;
pub mod replay;

pub use error::StartError;
pub use home::{Home, default_cache, default_data};
pub use listener::{Listener, MAX_CONNECTIONS};
pub use options::{DEFAULT_LISTEN, MAX_RUNNERS, Options, Ratios, Verdicts};
pub use platform::{Platform, control_engine};
pub use precompile::compile;
pub use remote::{RemoteConfig, remote_front};
pub use sandbar_front::FrontConfig;
pub use sandbar_runner::compiler::{CHILD as COMPILE_GUEST, SERVER as COMPILER, serve_main as compiler_main};
pub use sandbar_runner::component::{SUBCOMMAND as COMPILE_AGENT, compile_main as compile_agent_main};
pub use sandbar_runner::{Capacity, End, Runner, RunnerConfig};

/// What a child process of this library's is to do, if `first`, its first argument, says that it is one; else none. An
/// embedding program whose own binary is [`Options::executable`] calls this before anything that starts threads.
pub fn child_main(
    first: &std::ffi::OsStr,
    rest: impl IntoIterator<Item = std::ffi::OsString>,
) -> Option<std::process::ExitCode> {
    match first.to_str()? {
        "cell" => Some(cell_main(rest)),
        COMPILER => Some(compiler_main(rest)),
        COMPILE_GUEST => Some(compile_guest_main()),
        COMPILE_AGENT => Some(compile_agent_main(rest)),
        _ => None,
    }
}

/// Compiles one program of a user's, from standard input to standard output, within limits; started by [`compiler_main`].
pub fn compile_guest_main() -> std::process::ExitCode {
    sandbar_compiler::child::run()
}

/// Runs this process as a cell, with the arguments that follow `sandbar cell`. Call it before anything else
/// that starts threads.
pub fn cell_main(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> std::process::ExitCode {
    match sandbar_cell::CellConfig::from_arguments(arguments) {
        Ok(config) => sandbar_cell::main(config),
        Err(error) => {
            eprintln!("sandbar cell: {error}; this command is started by a runner, not by hand");
            std::process::ExitCode::FAILURE
        }
    }
}
