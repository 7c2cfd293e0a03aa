//! What the event loop waits for: streams, children, sockets, signals; each by a number.

use super::process::name_of;
use super::{bytes, fail, fail_io};
use crate::world::sandbar::process::processes as host;
use crate::world::wasi::clocks::monotonic_clock;
use crate::world::wasi::io::poll::{Pollable, poll as wait};
use crate::world::wasi::io::streams::{InputStream, OutputStream, StreamError};
use crate::world::wasi::sockets::tcp::TcpSocket;
use rquickjs::{Ctx, Function, Object, Result, TypedArray, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Bytes read or written in one call at most.
const PIECE: usize = 64 * 1024;
/// Handles of one program at most; the sandbox has its own limits of what is behind them.
const MOST: usize = 4096;

/// Fields are dropped in order: streams before what they belong to.
pub enum Handle {
    Stream {
        input: Option<InputStream>,
        output: Option<OutputStream>,
        descriptor: Option<host::Descriptor>,
    },
    Socket {
        input: Option<InputStream>,
        output: Option<OutputStream>,
        socket: TcpSocket,
    },
    Process(host::Process),
}

#[derive(Default)]
struct Table {
    next: u32,
    all: BTreeMap<u32, Handle>,
}

thread_local! {
    static TABLE: RefCell<Table> = RefCell::default();
}

pub fn install<'js>(ctx: &Ctx<'js>, binding: &Object<'js>) -> Result<()> {
    binding.set("poll", Function::new(ctx.clone(), poll)?)?;
    binding.set("streamRead", Function::new(ctx.clone(), read)?)?;
    binding.set("streamWrite", Function::new(ctx.clone(), write)?)?;
    binding.set("handleClose", Function::new(ctx.clone(), close)?)?;
    binding.set("stdin", Function::new(ctx.clone(), stdin)?)?;
    binding.set("pipe", Function::new(ctx.clone(), pipe)?)?;
    binding.set("spawn", Function::new(ctx.clone(), spawn)?)?;
    binding.set("processStatus", Function::new(ctx.clone(), process_status)?)
}

/// Puts something in, for a number.
pub fn add(ctx: &Ctx<'_>, handle: Handle) -> Result<u32> {
    TABLE.with(|table| {
        let mut table = table.borrow_mut();
        if table.all.len() >= MOST {
            return Err(fail(ctx, "EMFILE"));
        }
        table.next += 1;
        let number = table.next;
        table.all.insert(number, handle);
        Ok(number)
    })
}

/// Does something with what a number stands for.
pub fn with<T>(ctx: &Ctx<'_>, number: u32, act: impl FnOnce(&mut Handle) -> Result<T>) -> Result<T> {
    TABLE.with(|table| {
        let mut table = table.borrow_mut();
        match table.all.get_mut(&number) {
            Some(handle) => act(handle),
            None => Err(fail(ctx, "EBADF")),
        }
    })
}

fn close(number: u32) {
    let handle = TABLE.with(|table| table.borrow_mut().all.remove(&number));
    if let Some(Handle::Stream {
        input,
        output,
        descriptor,
    }) = handle
    {
        drop((input, output));
        drop(descriptor);
    }
}

/// Waits until one is ready, or `timeout` milliseconds are over (negative: for ever): indexes of those that are. What to
/// wait for is two numbers each: a handle (0 is the signals) and 0 for reading, 1 for writing, 2 for itself.
fn poll(ctx: Ctx<'_>, what: Vec<u32>, timeout: f64) -> Result<Vec<u32>> {
    let mut pollables: Vec<Pollable> = Vec::with_capacity(what.len() / 2 + 1);
    for pair in what.chunks_exact(2) {
        pollables.push(subscribe(&ctx, pair[0], pair[1])?);
    }
    let handles = pollables.len();
    if timeout >= 0.0 {
        let nanoseconds = (timeout * 1e6).min(u64::MAX as f64 / 2.0) as u64;
        pollables.push(monotonic_clock::subscribe_duration(nanoseconds));
    }
    if pollables.is_empty() {
        return Ok(Vec::new());
    }
    let all: Vec<&Pollable> = pollables.iter().collect();
    let mut ready = wait(&all);
    ready.retain(|index| (*index as usize) < handles);
    Ok(ready)
}

fn subscribe(ctx: &Ctx<'_>, number: u32, kind: u32) -> Result<Pollable> {
    if number == 0 {
        return Ok(host::subscribe_signals());
    }
    with(ctx, number, |handle| {
        let bad = || fail(ctx, "EBADF");
        match (handle, kind) {
            (Handle::Stream { input, .. } | Handle::Socket { input, .. }, 0) => {
                input.as_ref().map(InputStream::subscribe).ok_or_else(bad)
            }
            (Handle::Stream { output, .. } | Handle::Socket { output, .. }, 1) => {
                output.as_ref().map(OutputStream::subscribe).ok_or_else(bad)
            }
            (Handle::Socket { socket, .. }, 2) => Ok(socket.subscribe()),
            (Handle::Process(process), 2) => Ok(process.subscribe()),
            _ => Err(bad()),
        }
    })
}

/// Bytes; null if there are none at the moment; false at the end.
fn read<'js>(ctx: Ctx<'js>, number: u32, most: usize) -> Result<Value<'js>> {
    let found = with(&ctx, number, |handle| match handle {
        Handle::Stream { input: Some(input), .. } | Handle::Socket { input: Some(input), .. } => {
            Ok(input.read(most.min(PIECE) as u64))
        }
        _ => Err(fail(&ctx, "EBADF")),
    })?;
    match found {
        Ok(bytes) if bytes.is_empty() => Ok(Value::new_null(ctx)),
        Ok(bytes) => Ok(TypedArray::new(ctx, bytes)?.into_value()),
        Err(StreamError::Closed) => Ok(Value::new_bool(ctx, false)),
        Err(StreamError::LastOperationFailed(_)) => Err(fail(&ctx, "ECONNRESET")),
    }
}

/// How many bytes were taken; 0 if there is no room at the moment.
fn write<'js>(ctx: Ctx<'js>, number: u32, source: TypedArray<'js, u8>, offset: usize) -> Result<usize> {
    let source = bytes(&ctx, &source)?.get(offset..).unwrap_or_default();
    let written = with(&ctx, number, |handle| match handle {
        Handle::Stream {
            output: Some(output), ..
        }
        | Handle::Socket {
            output: Some(output), ..
        } => Ok(output.check_write().and_then(|room| {
            let piece = &source[..source.len().min(usize::try_from(room).unwrap_or(PIECE)).min(PIECE)];
            if piece.is_empty() {
                return Ok(0);
            }
            output.write(piece).map(|()| piece.len())
        })),
        _ => Err(fail(&ctx, "EPIPE")),
    })?;
    written.map_err(|_| fail(&ctx, "EPIPE"))
}

/// The program's own standard input as a stream.
fn stdin(ctx: Ctx<'_>) -> Result<u32> {
    let descriptor = host::stdio(0).map_err(|errno| fail(&ctx, name_of(errno)))?;
    let input = descriptor.read_stream().map_err(|errno| fail(&ctx, name_of(errno)))?;
    add(
        &ctx,
        Handle::Stream {
            input: Some(input),
            output: None,
            descriptor: Some(descriptor),
        },
    )
}

/// `[reader, writer]`.
fn pipe(ctx: Ctx<'_>) -> Result<Vec<u32>> {
    let refuse = |errno| fail(&ctx, name_of(errno));
    let (reader, writer) = host::pipe().map_err(refuse)?;
    let input = reader.read_stream().map_err(refuse)?;
    let output = writer.write_stream().map_err(refuse)?;
    let reader = add(
        &ctx,
        Handle::Stream {
            input: Some(input),
            output: None,
            descriptor: Some(reader),
        },
    )?;
    let writer = add(
        &ctx,
        Handle::Stream {
            input: None,
            output: Some(output),
            descriptor: Some(writer),
        },
    )?;
    Ok(vec![reader, writer])
}

/// Starts a program: `[handle, pid]`. `streams` has for each of 0, 1 and 2: `h` and a handle's number, `i` and the number
/// of the descriptor to inherit, `n` for nothing, or `r`, `w`, `a` and a path.
fn spawn(
    ctx: Ctx<'_>,
    arguments: Vec<String>,
    environment: Vec<Vec<String>>,
    directory: String,
    streams: Vec<String>,
    group: bool,
) -> Result<Vec<u32>> {
    let refuse = |errno| fail(&ctx, name_of(errno));
    let mut descriptors = Vec::with_capacity(3);
    for (number, stream) in (0_u32..).zip(&streams) {
        let (kind, rest) = stream.split_at_checked(1).unwrap_or(("n", ""));
        let descriptor = match kind {
            "h" => with(&ctx, rest.parse().unwrap_or(0), |handle| match handle {
                Handle::Stream {
                    descriptor: Some(descriptor),
                    ..
                } => Ok(descriptor.dup()),
                _ => Err(fail(&ctx, "EBADF")),
            })?,
            "i" => host::stdio(rest.parse().unwrap_or(number)).map_err(refuse)?,
            "r" => host::open(rest, host::OpenFlags::READ).map_err(refuse)?,
            "w" => host::open(rest, host::OpenFlags::WRITE).map_err(refuse)?,
            "a" => host::open(rest, host::OpenFlags::WRITE | host::OpenFlags::APPEND).map_err(refuse)?,
            _ => host::null(),
        };
        descriptors.push((number, descriptor));
    }
    let program = arguments.first().cloned().ok_or_else(|| fail(&ctx, "EINVAL"))?;
    let process = host::spawn(&host::SpawnArguments {
        program,
        arguments,
        environment: environment
            .into_iter()
            .filter_map(|pair| <[String; 2]>::try_from(pair).ok())
            .map(|[name, value]| (name, value))
            .collect(),
        working_directory: Some(directory),
        descriptors: descriptors
            .iter()
            .map(|(number, descriptor)| (*number, descriptor))
            .collect(),
        sigpipe: true,
        process_group: group.then_some(0),
        ignored: Vec::new(),
    })
    .map_err(refuse)?;
    let pid = process.pid();
    Ok(vec![add(&ctx, Handle::Process(process))?, pid])
}

/// `[code, signal]` of a child that has ended, -1 for what it has not; nothing while it runs.
fn process_status(ctx: Ctx<'_>, number: u32) -> Result<Vec<i32>> {
    with(&ctx, number, |handle| match handle {
        Handle::Process(process) => Ok(match process.try_wait() {
            None => Vec::new(),
            Some(host::ExitStatus::Exited(code)) => vec![i32::try_from(code).unwrap_or(255), -1],
            Some(host::ExitStatus::Signaled(signal)) => vec![-1, i32::try_from(signal).unwrap_or(9)],
        }),
        _ => Err(fail_io(&ctx, &std::io::Error::from(std::io::ErrorKind::InvalidInput))),
    })
}
