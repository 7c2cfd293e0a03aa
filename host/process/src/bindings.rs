//! Host side of `wit/process`.
#![allow(missing_docs)]

wasmtime::component::bindgen!({
    path: ["../../wit/deps/io", "../../wit/process"],
    world: "sandbar:process/program",
    imports: {
        // The only ones that wait; a process that kills itself waits for its end.
        "sandbar:process/processes.[method]process.wait": async | trappable,
        "sandbar:process/processes.[method]process.kill": async | trappable,
        "sandbar:process/processes.kill": async | trappable,
        default: trappable,
    },
    with: {
        "wasi:io": wasmtime_wasi_io::bindings::wasi::io,
        "sandbar:process/processes.descriptor": crate::descriptor::Descriptor,
        "sandbar:process/processes.process": crate::spawn::Child,
    },
    require_store_data_send: true,
});

pub(crate) use sandbar::process::processes as wit;

impl From<crate::errno::Errno> for wit::Errno {
    fn from(errno: crate::errno::Errno) -> Self {
        use crate::errno::Errno as E;
        match errno {
            E::NotFound => Self::NotFound,
            E::Access => Self::Access,
            E::NotExecutable => Self::NotExecutable,
            E::Invalid => Self::Invalid,
            E::BadDescriptor => Self::BadDescriptor,
            E::IsDirectory => Self::IsDirectory,
            E::Exists => Self::Exists,
            E::Limit => Self::Limit,
            // A guest cannot tell, as on Linux.
            E::Memory | E::Machine => Self::Memory,
            E::NoProcess => Self::NoProcess,
            E::Quota => Self::Quota,
            E::TooBig => Self::TooBig,
            E::NotTerminal => Self::NotTerminal,
            E::Io => Self::Io,
        }
    }
}

impl From<crate::status::ExitStatus> for wit::ExitStatus {
    fn from(status: crate::status::ExitStatus) -> Self {
        match status {
            crate::status::ExitStatus::Exited(code) => Self::Exited(code.into()),
            crate::status::ExitStatus::Signaled(signal) => Self::Signaled(signal.number().into()),
        }
    }
}

impl From<crate::terminal::Mode> for wit::TerminalMode {
    fn from(mode: crate::terminal::Mode) -> Self {
        [
            (mode.echo, Self::ECHO),
            (mode.canonical, Self::CANONICAL),
            (mode.signals, Self::SIGNALS),
            (mode.output, Self::OUTPUT),
        ]
        .into_iter()
        .filter(|(on, _)| *on)
        .fold(Self::empty(), |flags, (_, flag)| flags | flag)
    }
}

impl From<wit::TerminalMode> for crate::terminal::Mode {
    fn from(flags: wit::TerminalMode) -> Self {
        Self {
            echo: flags.contains(wit::TerminalMode::ECHO),
            canonical: flags.contains(wit::TerminalMode::CANONICAL),
            signals: flags.contains(wit::TerminalMode::SIGNALS),
            output: flags.contains(wit::TerminalMode::OUTPUT),
        }
    }
}
