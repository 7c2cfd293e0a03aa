//! Programs started natively, so that the tools can be tested without a sandbox.

use super::{Child, Command, Ended, Info, Mode, Stdio};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

/// How often a limited program is looked at.
const POLL: Duration = Duration::from_millis(5);

pub type Handle = std::process::Child;

fn stream(wanted: &Stdio) -> io::Result<std::process::Stdio> {
    Ok(match wanted {
        Stdio::Inherit => std::process::Stdio::inherit(),
        Stdio::Null => std::process::Stdio::null(),
        Stdio::Pipe => std::process::Stdio::piped(),
        Stdio::Append(path) => std::fs::File::options().append(true).create(true).open(path)?.into(),
    })
}

fn prepare(command: &Command) -> io::Result<std::process::Command> {
    let (program, arguments) = command.words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut prepared = std::process::Command::new(program);
    prepared.args(arguments);
    if let Some(environment) = &command.environment {
        prepared
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)));
    }
    if let Some(directory) = &command.directory {
        prepared.current_dir(directory);
    }
    prepared
        .stdin(stream(&command.input)?)
        .stdout(stream(&command.output)?)
        .stderr(stream(&command.errors)?);
    Ok(prepared)
}

pub fn spawn(command: &Command) -> io::Result<Child> {
    let mut handle = prepare(command)?.spawn()?;
    Ok(Child {
        input: handle.stdin.take().map(|pipe| Box::new(pipe) as _),
        output: handle.stdout.take().map(|pipe| Box::new(pipe) as _),
        handle,
    })
}

pub fn wait(handle: &mut Handle) -> io::Result<Ended> {
    handle.wait().map(ended)
}

pub fn run_for(command: &Command, limit: Duration, signal: u32, _grace: Option<Duration>) -> io::Result<(bool, Ended)> {
    let mut child = prepare(command)?.spawn()?;
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok((true, ended(status)));
        }
        std::thread::sleep(POLL);
    }
    kill(child.id().try_into().unwrap_or(i32::MAX), signal)?;
    child.wait().map(|status| (false, ended(status)))
}

pub fn kill(pid: i32, signal: u32) -> io::Result<()> {
    let status = std::process::Command::new("/bin/kill")
        .args([format!("-{signal}"), "--".into(), pid.to_string()])
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

pub fn list() -> io::Result<Vec<Info>> {
    Err(io::ErrorKind::Unsupported.into())
}

pub fn own_pid() -> u32 {
    std::process::id()
}

pub fn terminal_size(_: u32) -> io::Result<(u16, u16)> {
    Err(io::ErrorKind::Unsupported.into())
}

pub fn terminal_mode(_: u32) -> io::Result<Mode> {
    Err(io::ErrorKind::Unsupported.into())
}

pub fn set_terminal_mode(_: u32, _: Mode) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn ended(status: ExitStatus) -> Ended {
    match status.signal() {
        Some(signal) => Ended::Signaled(signal),
        None => Ended::Exited(status.code().unwrap_or(0)),
    }
}
