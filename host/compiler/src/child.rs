//! The child: reads one program from standard input, writes its code to standard output. It holds nothing else.

use crate::kind::{Form, Kind, form};
use crate::limits::{MAX_CODE_BYTES, MAX_COMPILER_CPU, MAX_COMPILER_MEMORY, MAX_PROGRAM_BYTES};
use landlock::{ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, Scope};
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use sandbar_engine::{Engine, SandboxEngine};
use std::io::{Read, Write};
use std::process::ExitCode;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
};
use wit_component::ComponentEncoder;

/// Exit code for a program that cannot run here; the reason is on standard error.
pub const REFUSED: i32 = 3;
/// Exit code when the child itself could not work.
const FAILED: u8 = 4;
/// Newest Landlock interface that this code asks for; older kernels give what they have.
const NEWEST: ABI = ABI::V6;

/// Does the work of the child process; to be the whole of its subcommand.
#[must_use]
pub fn run() -> ExitCode {
    // The engine is made first: it asks the machine for a few things that are out of reach afterwards.
    let engine = match SandboxEngine::to_compile() {
        Ok(engine) => engine,
        Err(error) => return fail(&error.to_string()),
    };
    if let Err(error) = close_off() {
        return fail(&error);
    }
    let mut wasm = Vec::new();
    if let Err(error) = std::io::stdin().take(MAX_PROGRAM_BYTES + 1).read_to_end(&mut wasm) {
        return fail(&error.to_string());
    }
    match compile(&engine, wasm) {
        Err(reason) => {
            say(&reason);
            ExitCode::from(REFUSED as u8)
        }
        Ok((kind, code)) => {
            let mark = match kind {
                Kind::Command => b"c",
                Kind::Http => b"h",
            };
            let mut out = std::io::stdout().lock();
            match out
                .write_all(mark)
                .and_then(|()| out.write_all(&code))
                .and_then(|()| out.flush())
            {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&error.to_string()),
            }
        }
    }
}

/// From here on: no file, no network, no more memory, time and output than agreed, and no life beyond the server's.
fn close_off() -> Result<(), String> {
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| format!("cannot end with its server: {error}"))?;
    let limits = [
        (Resource::Core, 0),
        // Not the address space: the engine reserves terabytes of it, which costs nothing.
        (Resource::Data, MAX_COMPILER_MEMORY),
        (Resource::Cpu, MAX_COMPILER_CPU.as_secs()),
        (Resource::Fsize, MAX_CODE_BYTES),
        (Resource::Nofile, 16),
    ];
    for (resource, limit) in limits {
        let both = Rlimit {
            current: Some(limit),
            maximum: Some(limit),
        };
        setrlimit(resource, both).map_err(|error| format!("cannot limit the compiler: {error}"))?;
    }
    let nothing = || {
        Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(NEWEST))?
            .handle_access(AccessNet::from_all(NEWEST))?
            .scope(Scope::from_all(NEWEST))?
            .create()?
            .restrict_self()
    };
    nothing()
        .map(drop)
        .map_err(|error| format!("cannot close the compiler off: {error}"))
}

fn compile(engine: &Engine, wasm: Vec<u8>) -> Result<(Kind, Vec<u8>), String> {
    let (kind, component) = match form(&wasm)? {
        Form::Component(kind) => (kind, wasm),
        Form::Preview1 => (Kind::Command, adapt(&wasm)?),
    };
    let compiled = engine.precompile_component(&component);
    compiled.map(|code| (kind, code)).map_err(|error| format!("{error:#}"))
}

/// A program for WASI 0.1 as a component for WASI 0.2.
fn adapt(module: &[u8]) -> Result<Vec<u8>, String> {
    let encoded = ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| {
            encoder.adapter(
                WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
            )
        })
        .and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| format!("{error:#}"))
}

fn say(reason: &str) {
    let _ = std::io::stderr().write_all(reason.as_bytes());
}

fn fail(reason: &str) -> ExitCode {
    say(reason);
    ExitCode::from(FAILED)
}
