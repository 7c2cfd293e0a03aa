//! The life of a sandbox as the API tells it: the state that is shown, and what may be asked for in it.
//!
//! A stored sandbox has an observed state and a desired one. They differ while something is under way, and the
//! state shown is made of both, so that the answer to a command already shows that the command was heard.

use crate::contracts::store::{JobKind, Sandbox};
use crate::http::Problem;

/// The state to show.
pub fn shown<'a>(state: &'a str, desired: &str) -> &'a str {
    match (state, desired) {
        ("destroyed", _) => "destroyed",
        (_, "destroyed") => "destroying",
        ("started" | "creating", "stopped") => "stopping",
        ("stopped", "started") => "starting",
        _ => state,
    }
}

/// What a command leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing is left to do.
    Done,
    /// It is under way already; wait for it.
    Wait,
    /// A new intent: the desired state, and the job that leads there.
    Intend(&'static str, JobKind),
}

/// What a sandbox may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Let it run.
    Start,
    /// Stop its processes.
    Stop,
    /// Remove it.
    Destroy,
}

/// What a command means for a sandbox as it is now. 409 while another change is under way, 400 if the command
/// does not fit the state. To destroy is possible at any time; an ephemeral sandbox is destroyed by a stop.
pub fn step(command: Command, sandbox: &Sandbox) -> Result<Step, Problem> {
    let state = shown(&sandbox.state, &sandbox.desired);
    let busy = || {
        Err(Problem::Conflict(format!(
            "sandbox {} is {state}; wait until that is done",
            sandbox.name
        )))
    };
    match command {
        Command::Destroy => Ok(Step::Intend("destroyed", JobKind::DestroySandbox)),
        Command::Start => match state {
            "started" => Ok(Step::Done),
            "creating" | "starting" => Ok(Step::Wait),
            "stopped" => Ok(Step::Intend("started", JobKind::StartSandbox)),
            "error" if sandbox.recoverable => Ok(Step::Intend("started", JobKind::StartSandbox)),
            "error" => Err(Problem::BadRequest(format!(
                "sandbox {} is in error and cannot be recovered: {}",
                sandbox.name,
                sandbox.error_reason.as_deref().unwrap_or("unknown reason")
            ))),
            _ => busy(),
        },
        Command::Stop => match state {
            "started" if sandbox.auto_delete == 0 => Ok(Step::Intend("destroyed", JobKind::DestroySandbox)),
            "started" => Ok(Step::Intend("stopped", JobKind::StopSandbox)),
            "stopping" => Ok(Step::Wait),
            "stopped" | "error" => Err(Problem::BadRequest(format!(
                "sandbox {} is not started, it is {state}",
                sandbox.name
            ))),
            _ => busy(),
        },
    }
}

/// Whether the sandbox has come to where its intent leads, or has failed on the way. `since` is the position of
/// the change that set the intent: an error older than that is not about it.
pub fn arrived(sandbox: &Sandbox, since: u64) -> bool {
    sandbox.state == sandbox.desired || (sandbox.state == "error" && sandbox.change > since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dto::sample;

    #[test]
    fn the_state_shown_follows_a_command_at_once() {
        let cases = [
            ("creating", "started", "creating"),
            ("started", "started", "started"),
            ("started", "stopped", "stopping"),
            ("stopped", "stopped", "stopped"),
            ("stopped", "started", "starting"),
            ("started", "destroyed", "destroying"),
            ("stopped", "destroyed", "destroying"),
            ("creating", "destroyed", "destroying"),
            ("error", "destroyed", "destroying"),
            ("error", "started", "error"),
            ("destroyed", "destroyed", "destroyed"),
        ];
        for (state, desired, want) in cases {
            assert_eq!(shown(state, desired), want, "{state}, {desired}");
        }
    }

    fn sandbox(state: &str, desired: &str) -> Sandbox {
        Sandbox {
            state: state.into(),
            desired: desired.into(),
            ..sample()
        }
    }

    #[test]
    fn what_may_be_asked_for_in_which_state() {
        let start = Ok(Step::Intend("started", JobKind::StartSandbox));
        let stop = Ok(Step::Intend("stopped", JobKind::StopSandbox));
        let destroy = Ok(Step::Intend("destroyed", JobKind::DestroySandbox));
        let cases = [
            ("started", "started", Ok(Step::Done), stop),
            ("stopped", "stopped", start, Err(400)),
            ("creating", "started", Ok(Step::Wait), Err(409)),
            ("stopped", "started", Ok(Step::Wait), Err(409)),
            ("started", "stopped", Err(409), Ok(Step::Wait)),
            ("error", "started", Err(400), Err(400)),
            ("started", "destroyed", Err(409), Err(409)),
        ];
        for (state, desired, on_start, on_stop) in cases {
            let it = sandbox(state, desired);
            let status = |command| step(command, &it).map_err(|problem| problem.status());
            assert_eq!(status(Command::Start), on_start, "start: {state}, {desired}");
            assert_eq!(status(Command::Stop), on_stop, "stop: {state}, {desired}");
            assert_eq!(status(Command::Destroy), destroy, "destroy: {state}, {desired}");
        }
    }

    #[test]
    fn recoverable_errors_may_be_started_and_ephemeral_ones_die_of_a_stop() {
        let broken = Sandbox {
            recoverable: true,
            ..sandbox("error", "started")
        };
        assert_eq!(
            step(Command::Start, &broken),
            Ok(Step::Intend("started", JobKind::StartSandbox))
        );
        let ephemeral = Sandbox {
            auto_delete: 0,
            ..sandbox("started", "started")
        };
        assert_eq!(
            step(Command::Stop, &ephemeral),
            Ok(Step::Intend("destroyed", JobKind::DestroySandbox))
        );
    }

    #[test]
    fn an_old_error_is_not_the_end_of_a_new_intent() {
        let broken = Sandbox {
            change: 7,
            ..sandbox("error", "started")
        };
        assert!(!arrived(&broken, 7));
        assert!(arrived(&broken, 6));
        assert!(arrived(&sandbox("started", "started"), u64::MAX));
        assert!(!arrived(&sandbox("creating", "started"), 0));
    }
}
