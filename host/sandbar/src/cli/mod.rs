//! The command line: arguments in, options of the library out.

mod compile;
mod front;
mod runner;
mod snippets;
mod up;
mod what_if;

use anyhow::Result;
use clap::{Args, CommandFactory, Parser, Subcommand};
use std::path::PathBuf;

/// Runs untrusted code in WebAssembly sandboxes on your own machine, for the Daytona SDKs.
#[derive(Parser)]
#[command(name = "sandbar", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the whole platform: control plane, front and local runners, on embedded SQLite.
    Up(up::Up),
    /// Make this machine a runner of a platform elsewhere. It opens no port: it dials out.
    Runner(runner::RunnerCommand),
    /// Serve toolbox traffic and the event stream for a control plane elsewhere, such as one under `spin up`.
    Front(front::FrontCommand),
    /// Serve toolbox traffic and previews of one region, beside its runners, with the region's proxy key.
    Proxy(front::ProxyCommand),
    /// Compile components and userland into the cache ahead of time.
    Compile(compile::Compile),
    /// Ask another scheduler what it would have decided
    WhatIf(what_if::WhatIf),
    #[command(flatten)]
    Operator(sandbar_cli::Operator),
    /// Print a script that completes commands in a shell
    Completion {
        /// bash, zsh, fish, elvish or powershell
        shell: sandbar_cli::Shell,
    },
}

impl Cli {
    /// Runs the command to its end.
    pub fn run(self) -> Result<()> {
        logging();
        match self.command {
            Command::Up(command) => command.run(),
            Command::Runner(command) => command.run(),
            Command::Front(command) => command.run(),
            Command::Proxy(command) => command.run(),
            Command::Compile(command) => command.run(),
            Command::WhatIf(command) => command.run(),
            Command::Operator(command) => Ok(command.run(&mut std::io::stdout().lock())?),
            Command::Completion { shell } => {
                sandbar_cli::complete(shell, &mut Cli::command(), &mut std::io::stdout().lock());
                Ok(())
            }
        }
    }
}

/// Where components, userland and compiled code are.
#[derive(Args)]
pub struct Places {
    /// Directory with components/ and userland/; spin.toml in it or above it [default: found beside the binary]
    #[arg(long, env = "SANDBAR_HOME", value_name = "DIR")]
    home: Option<PathBuf>,
    /// Manifest of the control plane [default: the home's spin.toml]
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Directory for compiled code, safe to delete [default: ~/.cache/sandbar]
    #[arg(long, env = "SANDBAR_CACHE_DIR", value_name = "DIR")]
    cache_dir: Option<PathBuf>,
}

impl Places {
    fn home(&self) -> sandbar::Home {
        let mut home = self.home.as_deref().map_or_else(sandbar::Home::find, sandbar::Home::at);
        if let Some(manifest) = &self.manifest {
            home.manifest.clone_from(manifest);
        }
        home
    }

    fn cache(&self) -> PathBuf {
        self.cache_dir.clone().unwrap_or_else(sandbar::default_cache)
    }
}

/// What of a machine is sold. A sandbox between two commands holds no instance, no thread and no memory, so a machine is
/// sold many times over by default; what physically runs at one moment is admitted by the runner.
#[derive(Args)]
pub struct RatioArguments {
    /// Allocatable CPUs = detected CPUs times this
    #[arg(long, value_name = "RATIO", default_value_t = 500.0, value_parser = ratio)]
    cpu_ratio: f64,
    /// Allocatable memory = detected memory times this
    #[arg(long, value_name = "RATIO", default_value_t = 50.0, value_parser = ratio)]
    memory_ratio: f64,
    /// Allocatable disk = size of the data directory's file system times this
    #[arg(long, value_name = "RATIO", default_value_t = 50.0, value_parser = ratio)]
    disk_ratio: f64,
}

impl RatioArguments {
    fn ratios(&self) -> sandbar::Ratios {
        sandbar::Ratios {
            cpu: self.cpu_ratio,
            memory: self.memory_ratio,
            disk: self.disk_ratio,
        }
    }
}

/// What sandboxes may reach.
#[derive(Args)]
pub struct EgressArguments {
    /// An address that sandboxes may reach although it is not public, such as a mirror in this network; may be given more than
    /// once. Each sandbox's own network policy holds as well
    #[arg(long, value_name = "ADDR:PORT")]
    egress_allow: Vec<std::net::SocketAddr>,
    /// Certificates (PEM) that programs in sandboxes trust beside the public ones
    #[arg(long, value_name = "FILE")]
    guest_ca_file: Option<PathBuf>,
}

/// What is sold, said outright.
#[derive(Args)]
pub struct CapacityArguments {
    /// Allocatable CPUs, instead of the detected ones times their ratio
    #[arg(long, value_name = "CPUS", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    cpu: Option<u64>,
    /// Allocatable memory in GiB, instead of the detected memory times its ratio
    #[arg(long, value_name = "GIB", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    memory: Option<u64>,
    /// Allocatable disk in GiB, instead of the detected disk times its ratio
    #[arg(long, value_name = "GIB", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    disk: Option<u64>,
}

impl CapacityArguments {
    fn capacity(&self) -> sandbar::Capacity {
        sandbar::Capacity {
            cpu_milli: self.cpu.map(|cpus| cpus * 1000),
            memory_mib: self.memory.map(|gib| gib * 1024),
            disk_mib: self.disk.map(|gib| gib * 1024),
        }
    }
}

fn ratio(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (0.0001..=10_000.0).contains(&value) => Ok(value),
        _ => Err("a ratio is a number from 0.0001 to 10000".to_owned()),
    }
}

/// The exit code of a command that failed: 1, or one that says why.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if let Some(error) = error.downcast_ref::<sandbar_cli::CliError>() {
        return error.exit_code();
    }
    error.downcast_ref::<runner::Ended>().map_or(1, runner::Ended::code)
}

/// Whether the reason has been told already: a command in a sandbox speaks for itself.
pub fn is_told(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(sandbar_cli::CliError::Exit(_)))
}

/// Logs go to standard error; SANDBAR_LOG filters them (`warn` unless set).
pub fn logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("SANDBAR_LOG").unwrap_or_else(|_| "warn".into());
    // A second subscriber is refused; the first one stays, which is what we want.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}

/// Progress and hints, for people.
fn say(text: &str) {
    eprintln!("{text}");
}

/// Waits for Ctrl-C or SIGTERM.
async fn asked_to_stop() -> Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        done = tokio::signal::ctrl_c() => done?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// The runtime of every command.
fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
