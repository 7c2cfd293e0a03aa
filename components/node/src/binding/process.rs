//! The process itself: arguments, environment, end, time, its standard streams.

use super::{bytes_mut, fail, fail_io};
use crate::binding::text::bytes_of;
use crate::world::sandbar::process::processes as host;
use rquickjs::{Ctx, Function, Object, Result, String as JsString, TypedArray, Value};
use std::io::{self, Read, Write};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Random bytes in one call; the host's own limit is the same.
const MOST_RANDOM: usize = 64 * 1024;

thread_local! {
    static START: Instant = Instant::now();
}

pub fn install<'js>(ctx: &Ctx<'js>, binding: &Object<'js>) -> Result<()> {
    START.with(|_| {});
    let arguments: Vec<String> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    binding.set("argv", arguments)?;
    let environment: Vec<Vec<String>> = std::env::vars_os()
        .map(|(name, value)| {
            vec![
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            ]
        })
        .collect();
    binding.set("environment", environment)?;
    binding.set("exit", Function::new(ctx.clone(), exit)?)?;
    binding.set("cwd", Function::new(ctx.clone(), cwd)?)?;
    binding.set("chdir", Function::new(ctx.clone(), chdir)?)?;
    binding.set("now", Function::new(ctx.clone(), now)?)?;
    binding.set("wallClock", Function::new(ctx.clone(), wall_clock)?)?;
    binding.set("random", Function::new(ctx.clone(), random)?)?;
    binding.set("print", Function::new(ctx.clone(), print)?)?;
    binding.set("isTerminal", Function::new(ctx.clone(), is_terminal)?)?;
    binding.set("terminalSize", Function::new(ctx.clone(), terminal_size)?)?;
    binding.set("rawMode", Function::new(ctx.clone(), raw_mode)?)?;
    binding.set("pid", Function::new(ctx.clone(), host::own_pid)?)?;
    binding.set("parentPid", Function::new(ctx.clone(), parent_pid)?)?;
    binding.set("kill", Function::new(ctx.clone(), kill)?)?;
    binding.set("catchSignals", Function::new(ctx.clone(), catch_signals)?)?;
    binding.set("takeSignal", Function::new(ctx.clone(), take_signal)?)
}

fn exit(code: i32) {
    // A reader that has gone changes nothing about the end.
    let _ = io::stdout().flush();
    sandbar_guest_rt::exit(code);
}

fn cwd(ctx: Ctx<'_>) -> Result<String> {
    std::env::current_dir()
        .map(|directory| directory.to_string_lossy().into_owned())
        .map_err(|error| fail_io(&ctx, &error))
}

fn chdir(ctx: Ctx<'_>, path: String) -> Result<()> {
    let kind =
        sandbar_guest_rt::files::status(std::path::Path::new(&path), true).map_err(|error| fail_io(&ctx, &error))?;
    if kind.kind != sandbar_guest_rt::files::Kind::Directory {
        return Err(fail(&ctx, "ENOTDIR"));
    }
    std::env::set_current_dir(path).map_err(|error| fail_io(&ctx, &error))
}

/// Milliseconds since the start, to the nanosecond.
fn now() -> f64 {
    START.with(|start| start.elapsed().as_nanos() as f64 / 1e6)
}

fn wall_clock() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_nanos() as f64 / 1e6)
}

fn random<'js>(ctx: Ctx<'js>, into: TypedArray<'js, u8>) -> Result<()> {
    let target = bytes_mut(&ctx, &into)?;
    for piece in target.chunks_mut(MOST_RANDOM) {
        let mut source = std::fs::File::open("/dev/urandom").map_err(|error| fail_io(&ctx, &error))?;
        source.read_exact(piece).map_err(|error| fail_io(&ctx, &error))?;
    }
    Ok(())
}

/// Writes all of it to descriptor 1 or 2.
pub fn write_standard(descriptor: usize, bytes: &[u8]) -> io::Result<()> {
    if descriptor == 2 {
        io::stderr().write_all(bytes)
    } else {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }
}

fn print<'js>(ctx: Ctx<'js>, descriptor: usize, text: JsString<'js>) -> Result<()> {
    write_standard(descriptor, &bytes_of(text)?).map_err(|error| fail_io(&ctx, &error))
}

fn is_terminal(descriptor: u32) -> bool {
    host::stdio(descriptor).is_ok_and(|descriptor| descriptor.is_terminal())
}

/// `[columns, rows]`, or nothing without a terminal.
fn terminal_size(descriptor: u32) -> Vec<u16> {
    host::stdio(descriptor)
        .and_then(|descriptor| descriptor.terminal_size())
        .map_or_else(|_| Vec::new(), |size| vec![size.columns, size.rows])
}

/// Keys as they are typed, without echo; or lines again.
fn raw_mode(ctx: Ctx<'_>, raw: bool) -> Result<()> {
    use host::TerminalMode as Mode;
    let mode = if raw {
        Mode::OUTPUT
    } else {
        Mode::ECHO | Mode::CANONICAL | Mode::SIGNALS | Mode::OUTPUT
    };
    host::stdio(0)
        .and_then(|descriptor| descriptor.set_terminal_mode(mode))
        .map_err(|errno| fail(&ctx, name_of(errno)))
}

fn parent_pid() -> u32 {
    let own = host::own_pid();
    host::processes()
        .into_iter()
        .find(|process| process.pid == own)
        .map_or(0, |process| process.parent)
}

fn kill(ctx: Ctx<'_>, pid: i32, signal: u32) -> Result<()> {
    host::kill(pid, signal).map_err(|errno| fail(&ctx, name_of(errno)))
}

fn catch_signals(ctx: Ctx<'_>, signals: Vec<u32>) -> Result<()> {
    host::catch(&signals).map_err(|errno| fail(&ctx, name_of(errno)))
}

fn take_signal<'js>(ctx: Ctx<'js>) -> Value<'js> {
    match host::take_signal() {
        Some(signal) => Value::new_int(ctx, i32::try_from(signal).unwrap_or(0)),
        None => Value::new_null(ctx),
    }
}

/// POSIX names of the process layer's errors.
pub fn name_of(errno: host::Errno) -> &'static str {
    use host::Errno;
    match errno {
        Errno::NotFound => "ENOENT",
        Errno::Access => "EACCES",
        Errno::NotExecutable => "ENOEXEC",
        Errno::Invalid => "EINVAL",
        Errno::BadDescriptor => "EBADF",
        Errno::IsDirectory => "EISDIR",
        Errno::Exists => "EEXIST",
        Errno::Limit => "EAGAIN",
        Errno::Memory => "ENOMEM",
        Errno::NoProcess => "ESRCH",
        Errno::Quota => "EDQUOT",
        Errno::TooBig => "E2BIG",
        Errno::NotTerminal => "ENOTTY",
        Errno::Io => "EIO",
    }
}
