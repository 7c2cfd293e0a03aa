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
        ("stopped", "archived") => "archiving",
        _ => state,
    }
}

/// The state to show of a sandbox, with what is done to it beside.
pub fn shown_of(it: &Sandbox) -> &str {
    if it.doing.is_empty() || it.state != it.desired {
        shown(&it.state, &it.desired)
    } else {
        &it.doing
    }
}

/// Whether its files can be had back from a backup, and are nowhere else: to start it is to restore it.
pub fn rests_in_backup(it: &Sandbox) -> bool {
    it.backup_manifest.is_some() && (it.state == "archived" || (it.state == "error" && it.runner.is_none()))
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
    /// To be made anew from its backup, on any runner.
    Restore,
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
    /// Bring it back from an error, started or (`false`) stopped.
    Recover(bool),
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
        Command::Recover(start) => match state {
            "error" if !sandbox.recoverable => Err(Problem::BadRequest(format!(
                "sandbox {} cannot be recovered: {}",
                sandbox.name,
                sandbox.error_reason.as_deref().unwrap_or("unknown reason")
            ))),
            "error" if rests_in_backup(sandbox) && start => Ok(Step::Restore),
            "error" if rests_in_backup(sandbox) => Err(Problem::BadRequest(format!(
                "sandbox {} is only in its backup; recover it without skipStart",
                sandbox.name
            ))),
            "error" if start => Ok(Step::Intend("started", JobKind::StartSandbox)),
            "error" => Ok(Step::Intend("stopped", JobKind::StopSandbox)),
            _ => Err(Problem::BadRequest(format!(
                "sandbox {} is {state}; only a sandbox in error can be recovered",
                sandbox.name
            ))),
        },
        Command::Start => match state {
            "started" => Ok(Step::Done),
            "creating" | "starting" | "restoring" | "pending_build" => Ok(Step::Wait),
            "archived" if sandbox.backup_manifest.is_some() => Ok(Step::Restore),
            "error" if sandbox.recoverable && rests_in_backup(sandbox) => Ok(Step::Restore),
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
            "stopped" | "error" | "archived" | "archiving" | "build_failed" => Err(Problem::BadRequest(format!(
                "sandbox {} is not started, it is {state}",
                sandbox.name
            ))),
            _ => busy(),
        },
    }
}

/// A new size, in whole CPUs, GiB, GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Whole CPUs.
    pub cpu: u32,
    /// GiB.
    pub memory_gib: u32,
    /// GiB.
    pub disk_gib: u32,
}

/// Whether a sandbox may get this size now: what runs only grows, and its disk only grows while it is stopped.
pub fn resize(sandbox: &Sandbox, new: Size) -> Result<(), Problem> {
    let bad = |text: String| Err(Problem::BadRequest(text));
    let state = shown(&sandbox.state, &sandbox.desired);
    if !["started", "stopped"].contains(&state) {
        return Err(Problem::Conflict(format!(
            "sandbox {} is {state}; only a started or stopped one can be resized",
            sandbox.name
        )));
    }
    let old = Size {
        cpu: sandbox.cpu,
        memory_gib: sandbox.memory_gib,
        disk_gib: sandbox.disk_gib,
    };
    if new == old {
        return bad(format!("sandbox {} has this size already", sandbox.name));
    }
    if new.disk_gib < old.disk_gib {
        return bad(format!(
            "disk: {} GiB is less than the {} there are; a disk only grows",
            new.disk_gib, old.disk_gib
        ));
    }
    if state == "started" {
        if new.cpu < old.cpu || new.memory_gib < old.memory_gib {
            return bad("cpu and memory of a started sandbox only grow; stop it first".to_owned());
        }
        if new.disk_gib != old.disk_gib {
            return bad("disk: grows only while the sandbox is stopped; stop it first".to_owned());
        }
    }
    Ok(())
}

/// Whether the sandbox has come to where its intent leads, or has failed on the way. `since` is the position of
/// the change that set the intent: an error older than that is not about it.
pub fn arrived(sandbox: &Sandbox, since: u64) -> bool {
    sandbox.state == sandbox.desired
        || (["error", "build_failed"].contains(&sandbox.state.as_str()) && sandbox.change > since)
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
            ("stopped", "archived", "archiving"),
            ("archived", "archived", "archived"),
            ("restoring", "started", "restoring"),
            ("pending_build", "started", "pending_build"),
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
    fn what_is_only_in_its_backup_is_restored() {
        let archived = Sandbox {
            backup_manifest: Some("sha256:00".into()),
            runner: None,
            ..sandbox("archived", "archived")
        };
        assert_eq!(step(Command::Start, &archived), Ok(Step::Restore));
        assert_eq!(step(Command::Stop, &archived).map_err(|p| p.status()), Err(400));
        assert_eq!(
            step(Command::Destroy, &archived),
            Ok(Step::Intend("destroyed", JobKind::DestroySandbox))
        );
        let broken = Sandbox {
            recoverable: true,
            ..Sandbox {
                state: "error".into(),
                desired: "started".into(),
                ..archived
            }
        };
        assert_eq!(step(Command::Start, &broken), Ok(Step::Restore));
        assert_eq!(step(Command::Recover(true), &broken), Ok(Step::Restore));
        assert_eq!(step(Command::Recover(false), &broken).map_err(|p| p.status()), Err(400));
        let archiving = sandbox("stopped", "archived");
        assert_eq!(step(Command::Start, &archiving).map_err(|p| p.status()), Err(409));
    }

    #[test]
    fn only_errors_that_can_be_recovered_are() {
        let broken = Sandbox {
            recoverable: true,
            ..sandbox("error", "started")
        };
        assert_eq!(
            step(Command::Recover(true), &broken),
            Ok(Step::Intend("started", JobKind::StartSandbox))
        );
        assert_eq!(
            step(Command::Recover(false), &broken),
            Ok(Step::Intend("stopped", JobKind::StopSandbox))
        );
        for it in [sandbox("error", "started"), sandbox("started", "started")] {
            assert_eq!(step(Command::Recover(true), &it).map_err(|p| p.status()), Err(400));
        }
    }

    #[test]
    fn what_runs_grows_and_disks_grow_while_stopped() {
        let size = |cpu, memory_gib, disk_gib| Size {
            cpu,
            memory_gib,
            disk_gib,
        };
        let status = |it: &Sandbox, new| resize(it, new).map_err(|problem| problem.status());
        let (started, stopped) = (sandbox("started", "started"), sandbox("stopped", "stopped"));
        assert_eq!(status(&started, size(2, 2, 3)), Ok(()));
        assert_eq!(status(&started, size(1, 1, 3)), Err(400));
        assert_eq!(status(&started, size(2, 2, 4)), Err(400));
        assert_eq!(status(&stopped, size(2, 1, 4)), Ok(()));
        assert_eq!(status(&stopped, size(1, 1, 2)), Err(400));
        let big = Sandbox { cpu: 4, ..started };
        assert_eq!(status(&big, size(2, 2, 3)), Err(400));
        assert_eq!(status(&sandbox("started", "stopped"), size(2, 2, 3)), Err(409));
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
