//! What became of a process: from what wasmtime says to a status, and a reason that a user can read.

use sandbar_engine::Shortage;
use wasmtime::Trap;
use wasmtime_wasi::I32Exit;

use crate::status::{ExitStatus, Signal};
use crate::streams::BrokenPipe;

/// How a process ended, and why if it was not its own doing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) status: ExitStatus,
    pub(crate) reason: Option<String>,
}

impl Verdict {
    /// By the host's own hand, with an exit code.
    pub(crate) fn exited(code: u8) -> Self {
        Self {
            status: ExitStatus::Exited(code),
            reason: None,
        }
    }

    pub(crate) fn killed(signal: Signal) -> Self {
        Self {
            status: ExitStatus::Signaled(signal),
            reason: None,
        }
    }

    fn fault(signal: Signal, reason: impl Into<String>) -> Self {
        Self {
            status: ExitStatus::Signaled(signal),
            reason: Some(reason.into()),
        }
    }
}

/// Judges the end of a run. `shortage`: what ever stopped this process from growing; the sandbox's own limit is
/// `memory_limit` bytes.
pub(crate) fn judge(
    result: wasmtime::Result<Result<(), ()>>,
    shortage: Option<Shortage>,
    memory_limit: u64,
) -> Verdict {
    let error = match result {
        Ok(Ok(())) => {
            return Verdict {
                status: ExitStatus::Exited(0),
                reason: None,
            };
        }
        Ok(Err(())) => {
            return Verdict {
                status: ExitStatus::Exited(1),
                reason: None,
            };
        }
        Err(error) => error,
    };
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        return Verdict {
            status: ExitStatus::Exited((code & 0xff) as u8),
            reason: None,
        };
    }
    if error.downcast_ref::<BrokenPipe>().is_some() {
        return Verdict::killed(Signal::PIPE);
    }
    let fault = match error.downcast_ref::<Trap>() {
        Some(trap) => fault(*trap),
        // Not a fault of the program: it could not be instantiated, or a host function refused a misuse.
        // Its root says why; what is wrapped around it is a backtrace.
        None => (Signal::KILL, error.root_cause().to_string()),
    };
    match shortage {
        // No lack of memory divides by zero.
        _ if matches!(fault.0, Signal::FPE) => Verdict::fault(fault.0, fault.1),
        Some(Shortage::Own) => Verdict::fault(
            Signal::KILL,
            format!("out of memory (limit {} MiB)", memory_limit >> 20),
        ),
        Some(Shortage::Machine) => Verdict::fault(Signal::KILL, "out of memory (the machine has no more)"),
        None => Verdict::fault(fault.0, fault.1),
    }
}

fn fault(trap: Trap) -> (Signal, String) {
    let signal = match trap {
        Trap::UnreachableCodeReached => return (Signal::ABRT, "aborted".into()),
        Trap::StackOverflow => return (Signal::SEGV, "stack overflow".into()),
        Trap::MemoryOutOfBounds
        | Trap::TableOutOfBounds
        | Trap::HeapMisaligned
        | Trap::IndirectCallToNull
        | Trap::BadSignature
        | Trap::NullReference => Signal::SEGV,
        Trap::IntegerOverflow | Trap::IntegerDivisionByZero | Trap::BadConversionToInteger => Signal::FPE,
        _ => Signal::ABRT,
    };
    (signal, trap.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(error: impl Into<wasmtime::Error>, refused: bool) -> Verdict {
        judge(Err(error.into()), refused.then_some(Shortage::Own), 64 << 20)
    }

    #[test]
    fn ends() {
        assert_eq!(judge(Ok(Ok(())), None, 0).status, ExitStatus::Exited(0));
        assert_eq!(judge(Ok(Err(())), None, 0).status, ExitStatus::Exited(1));
        assert_eq!(of(I32Exit(7), false).status, ExitStatus::Exited(7));
        assert_eq!(of(I32Exit(257), true).status, ExitStatus::Exited(1));
        assert_eq!(of(BrokenPipe, false), Verdict::killed(Signal::PIPE));
        assert_eq!(
            of(Trap::UnreachableCodeReached, false).status,
            ExitStatus::Signaled(Signal::ABRT)
        );
        assert_eq!(of(Trap::StackOverflow, false).status.code(), 139);
        assert_eq!(of(Trap::IntegerDivisionByZero, true).status.code(), 136);
        let oom = of(Trap::UnreachableCodeReached, true);
        assert_eq!(oom.status.code(), 137);
        assert_eq!(oom.reason.as_deref(), Some("out of memory (limit 64 MiB)"));
        let error = Trap::UnreachableCodeReached.into();
        let machine = judge(Err(error), Some(Shortage::Machine), 64 << 20);
        assert_eq!(
            machine.reason.as_deref(),
            Some("out of memory (the machine has no more)")
        );
    }
}
