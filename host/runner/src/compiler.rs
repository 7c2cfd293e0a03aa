//! The compiler of users' programs: a process beside each cell, which may neither start a program nor write a cache itself.

use crate::cells::KEPT_ENVIRONMENT;
use sandbar_cell::CellConfig;
use sandbar_compiler::server::Server;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

/// Name of the hidden subcommand that [`serve_main`] is.
pub const SERVER: &str = "compiler";
/// Name of the hidden subcommand that [`sandbar_compiler::child::run`] is: one program, in a process of its own.
pub const CHILD: &str = "compile-guest";

/// A compiler that runs. Dropping it ends it.
pub(crate) struct Compiler(Child);

impl Compiler {
    /// Starts one, and gives the end of its socket that its cell is to have.
    pub(crate) fn start(exe: &Path, config: &CellConfig) -> io::Result<(Self, UnixStream)> {
        let (cells, own) = UnixStream::pair()?;
        let kept = KEPT_ENVIRONMENT.iter();
        let child = Command::new(exe)
            .arg(SERVER)
            .arg(config.guests())
            .env_clear()
            .envs(kept.filter_map(|name| Some((name, std::env::var_os(name)?))))
            .stdin(Stdio::from(OwnedFd::from(own)))
            .stdout(Stdio::null())
            .current_dir("/")
            .spawn()?;
        Ok((Self(child), cells))
    }
}

impl Drop for Compiler {
    fn drop(&mut self) {
        // It may have ended by itself, as its socket has.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Compiles what a cell sends over descriptor 0 until the cell is gone; the arguments are the directory of what comes out.
#[must_use]
pub fn serve_main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match serve(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the compiler of users' programs ends");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: impl IntoIterator<Item = OsString>) -> io::Result<()> {
    sandbar_cell::jail::die_with_parent()?;
    let mut arguments = arguments.into_iter();
    let (Some(directory), None) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("this command is started by a runner, not by hand"));
    };
    let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let server = Server {
        exe: std::env::current_exe()?,
        subcommand: CHILD.to_owned(),
        directory: PathBuf::from(directory),
    };
    server.serve(stream)
}
