//! What time brings about: which sandbox is to be stopped, deleted or given up, and with which words.
//!
//! Every state on the way to another one has a deadline here, and a way out.

use crate::contracts::store::{Finding, JobKind, Sandbox};
use crate::times::iso;

/// Milliseconds in a minute.
const MINUTE: u64 = 60_000;

/// How long a sandbox may be on its way to a desired state. A create or start takes milliseconds, and its job is handed
/// out again every 20 s: after two minutes six tries have gone unanswered. To destroy has more time, because nobody waits.
pub const DEADLINES: [(&str, u64); 3] = [
    ("started", 2 * MINUTE),
    ("stopped", 2 * MINUTE),
    ("destroyed", 10 * MINUTE),
];

/// How long a task may be on its way before it has failed: longer than its runner gives it, for that one can tell why. A copy that
/// nobody removes in a day is on a machine that is gone.
pub const TASK_DEADLINES: [(JobKind, u64); 5] = [
    (JobKind::SnapshotSandbox, 60 * MINUTE),
    (JobKind::CreateBackup, 60 * MINUTE),
    (JobKind::BuildSnapshot, 120 * MINUTE),
    (JobKind::RemoveSnapshot, 24 * 60 * MINUTE),
    (JobKind::RemoveVolume, 24 * 60 * MINUTE),
];

/// How long a sandbox whose build is done may look for a runner with room.
pub const PLACE_BUILT: u64 = 10 * MINUTE;

/// What is to be done with a sandbox.
#[derive(Clone, Debug, PartialEq)]
pub enum Due {
    /// Nothing, or not now.
    Nothing,
    /// A new intent, as a user would give it.
    Intend(&'static str, JobKind),
    /// The plane has found out something that no runner will report.
    Find(Finding),
    /// A backup, and its runner is free.
    Archive,
}

/// What is known of the sandbox's runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunnerFacts<'a> {
    /// Its name.
    pub name: &'a str,
    /// Nobody expects it back, and the brake does not hold.
    pub lost: bool,
    /// When it was last heard of; 0: never.
    pub last_report: u64,
}

/// Decides what time has brought for a sandbox. `runner` is none if the sandbox has none.
pub fn due(it: &Sandbox, runner: Option<RunnerFacts<'_>>, now: u64) -> Due {
    if it.state == "destroyed" {
        return Due::Nothing;
    }
    if let Some(runner) = runner
        && runner.lost
    {
        return on_a_lost_runner(it, runner);
    }
    if it.state != it.desired && it.state != "error" {
        return overdue(it, now);
    }
    if it.state == "error" && it.desired == "destroyed" {
        return overdue(it, now);
    }
    by_interval(it, now)
}

/// What lives on the lost machine may come back with it, under the same generation; until then the truth is that
/// nobody can reach it. What is to be destroyed, or was never started, is given up: should the machine return, it is told
/// to remove its copy.
fn on_a_lost_runner(it: &Sandbox, runner: RunnerFacts<'_>) -> Due {
    if it.desired == "destroyed" {
        return give_up(it, "destroyed", None);
    }
    let mut reason = format!(
        "runner {} has not been heard of for too long; the sandbox is on that machine and comes back with it",
        runner.name
    );
    if let Some(created) = it.backup_created {
        reason += &format!("; to start it restores its backup of {}", iso(created));
    }
    if it.state == "creating" {
        return give_up(
            it,
            "error",
            Some(format!("runner {} was lost during the creation", runner.name)),
        );
    }
    if it.state == "restoring" {
        // What was there of it came from the backup, and can again.
        return Due::Find(Finding {
            sandbox: it.id.clone(),
            generation: it.generation,
            state: "error".to_owned(),
            error_reason: Some(format!(
                "runner {} was lost while it restored the sandbox; start it again",
                runner.name
            )),
            recoverable: true,
            fence: true,
            release: true,
        });
    }
    if it.state == "error" {
        return Due::Nothing;
    }
    Due::Find(Finding {
        sandbox: it.id.clone(),
        generation: it.generation,
        state: "error".to_owned(),
        error_reason: Some(reason),
        // Without a backup nothing that a user could ask for brings it back.
        recoverable: it.backup_manifest.is_some(),
        fence: false,
        release: false,
    })
}

fn overdue(it: &Sandbox, now: u64) -> Due {
    let Some((_, most)) = DEADLINES.iter().find(|(desired, _)| *desired == it.desired) else {
        return Due::Nothing;
    };
    // The store has compared with the age of the job; what has just changed is not overdue.
    if now.saturating_sub(it.state_since.max(it.updated)) < *most {
        return Due::Nothing;
    }
    match it.desired.as_str() {
        // A destroy that failed is ordered anew; one that its runner never answered stays with it until it is heard of, or lost.
        "destroyed" if it.runner.is_some() && it.state == "error" => Due::Intend("destroyed", JobKind::DestroySandbox),
        "destroyed" if it.runner.is_some() => Due::Nothing,
        "destroyed" => give_up(it, "destroyed", None),
        _ if it.state == "creating" => give_up(
            it,
            "error",
            Some("the runner did not create the sandbox in time".to_owned()),
        ),
        desired => Due::Find(Finding {
            sandbox: it.id.clone(),
            generation: it.generation,
            state: "error".to_owned(),
            error_reason: Some(format!(
                "the runner did not confirm in time that the sandbox is {desired}"
            )),
            // Its files are where they were: a start is worth a try.
            recoverable: true,
            fence: false,
            release: false,
        }),
    }
}

fn by_interval(it: &Sandbox, now: u64) -> Due {
    match it.state.as_str() {
        "started" if it.auto_stop > 0 && now >= after(it.last_activity.max(it.state_since), it.auto_stop) => stop(it),
        "stopped" => match u32::try_from(it.auto_delete) {
            Ok(minutes) if now >= after(it.state_since, minutes) => Due::Intend("destroyed", JobKind::DestroySandbox),
            _ if archives(it) && now >= after(it.state_since, it.auto_archive) => Due::Archive,
            _ => Due::Nothing,
        },
        "archived" => match u32::try_from(it.auto_delete) {
            Ok(minutes) if now >= after(it.state_since, minutes) => Due::Intend("destroyed", JobKind::DestroySandbox),
            _ => Due::Nothing,
        },
        _ => Due::Nothing,
    }
}

fn archives(it: &Sandbox) -> bool {
    it.auto_archive > 0 && it.auto_delete != 0 && it.backup_state != "InProgress" && it.runner.is_some()
}

/// A stop as the interval or a draining runner brings it: the end of an ephemeral sandbox.
pub fn stop(it: &Sandbox) -> Due {
    if it.state != "started" || it.desired != "started" {
        Due::Nothing
    } else if it.auto_delete == 0 {
        Due::Intend("destroyed", JobKind::DestroySandbox)
    } else {
        Due::Intend("stopped", JobKind::StopSandbox)
    }
}

/// The finding that a sandbox is over: its capacity is free, a late report changes nothing, and its runner is told to
/// remove what it has of it.
pub fn give_up(it: &Sandbox, state: &str, error_reason: Option<String>) -> Due {
    Due::Find(Finding {
        sandbox: it.id.clone(),
        generation: it.generation,
        state: state.to_owned(),
        error_reason,
        recoverable: false,
        fence: true,
        release: true,
    })
}

fn after(moment: u64, minutes: u32) -> u64 {
    moment.saturating_add(u64::from(minutes) * MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dto::sample;

    const THEN: u64 = 1_767_225_600_000;

    fn sandbox(state: &str, desired: &str) -> Sandbox {
        Sandbox {
            state: state.into(),
            desired: desired.into(),
            state_since: THEN,
            updated: THEN,
            last_activity: THEN,
            ..sample()
        }
    }

    fn runner(lost: bool) -> Option<RunnerFacts<'static>> {
        Some(RunnerFacts {
            name: "r1",
            lost,
            last_report: THEN,
        })
    }

    fn found(due: Due) -> Finding {
        match due {
            Due::Find(finding) => finding,
            other => panic!("{other:?} is no finding"),
        }
    }

    #[test]
    fn every_state_on_the_way_has_a_deadline_and_a_way_out() {
        for (state, desired) in [
            ("creating", "started"),
            ("restoring", "started"),
            ("stopped", "started"),
            ("started", "stopped"),
        ] {
            let it = sandbox(state, desired);
            let (_, most) = DEADLINES.iter().find(|row| row.0 == desired).expect("a deadline");
            assert_eq!(
                due(&it, runner(false), THEN + most - 1),
                Due::Nothing,
                "{state}, {desired}"
            );
            let finding = found(due(&it, runner(false), THEN + most));
            assert_eq!(finding.state, "error", "{state}, {desired}");
            assert!(finding.error_reason.is_some());
            // What was never started holds nothing; what has files keeps them, and can be tried again.
            let creating = state == "creating";
            assert_eq!(
                (finding.release, finding.fence, finding.recoverable),
                (creating, creating, !creating),
                "{state}, {desired}"
            );
        }
        let gone = Sandbox {
            runner: None,
            ..sandbox("error", "destroyed")
        };
        assert_eq!(found(due(&gone, None, THEN + 10 * MINUTE)).state, "destroyed");
        let failed = sandbox("error", "destroyed");
        assert_eq!(due(&failed, runner(false), THEN + 10 * MINUTE - 1), Due::Nothing);
        assert_eq!(
            due(&failed, runner(false), THEN + 10 * MINUTE),
            Due::Intend("destroyed", JobKind::DestroySandbox)
        );
    }

    #[test]
    fn a_lost_machine_takes_its_sandboxes_along_but_not_for_ever() {
        let finding = found(due(&sandbox("started", "started"), runner(true), THEN));
        assert_eq!((finding.state.as_str(), finding.recoverable), ("error", false));
        // The machine may return with it: neither fenced nor released.
        assert!(!finding.fence && !finding.release);
        assert!(finding.error_reason.is_some_and(|reason| reason.contains("r1")));
        assert_eq!(due(&sandbox("error", "started"), runner(true), THEN), Due::Nothing);
        let finding = found(due(&sandbox("error", "destroyed"), runner(true), THEN));
        assert_eq!(
            (finding.state.as_str(), finding.release, finding.fence),
            ("destroyed", true, true)
        );
        let finding = found(due(&sandbox("creating", "started"), runner(true), THEN));
        assert!(finding.release && finding.fence);
    }

    #[test]
    fn intervals_count_from_activity_and_from_the_stop() {
        let it = sandbox("started", "started");
        assert_eq!(due(&it, runner(false), THEN + 15 * MINUTE - 1), Due::Nothing);
        assert_eq!(
            due(&it, runner(false), THEN + 15 * MINUTE),
            Due::Intend("stopped", JobKind::StopSandbox)
        );
        let never = Sandbox {
            auto_stop: 0,
            ..it.clone()
        };
        assert_eq!(due(&never, runner(false), u64::MAX), Due::Nothing);
        let ephemeral = Sandbox { auto_delete: 0, ..it };
        assert_eq!(
            due(&ephemeral, runner(false), THEN + 15 * MINUTE),
            Due::Intend("destroyed", JobKind::DestroySandbox)
        );
        let stopped = Sandbox {
            auto_delete: 2,
            ..sandbox("stopped", "stopped")
        };
        assert_eq!(due(&stopped, runner(false), THEN + 2 * MINUTE - 1), Due::Nothing);
        assert_eq!(
            due(&stopped, runner(false), THEN + 2 * MINUTE),
            Due::Intend("destroyed", JobKind::DestroySandbox)
        );
        let never = Sandbox {
            auto_archive: 0,
            ..sandbox("stopped", "stopped")
        };
        assert_eq!(due(&never, runner(false), u64::MAX), Due::Nothing);
    }

    #[test]
    fn what_is_stopped_for_long_is_archived_and_deleted_in_its_time() {
        let it = Sandbox {
            auto_archive: 5,
            auto_delete: 9,
            ..sandbox("stopped", "stopped")
        };
        assert_eq!(due(&it, runner(false), THEN + 5 * MINUTE - 1), Due::Nothing);
        assert_eq!(due(&it, runner(false), THEN + 5 * MINUTE), Due::Archive);
        let busy = Sandbox {
            backup_state: "InProgress".into(),
            ..it.clone()
        };
        assert_eq!(due(&busy, runner(false), THEN + 5 * MINUTE), Due::Nothing);
        let archived = Sandbox {
            state: "archived".into(),
            desired: "archived".into(),
            runner: None,
            ..it
        };
        assert_eq!(due(&archived, None, THEN + 9 * MINUTE - 1), Due::Nothing);
        assert_eq!(
            due(&archived, None, THEN + 9 * MINUTE),
            Due::Intend("destroyed", JobKind::DestroySandbox)
        );
    }

    #[test]
    fn a_backup_makes_a_lost_sandbox_recoverable_and_says_of_when_it_is() {
        let it = Sandbox {
            backup_manifest: Some("sha256:00".into()),
            backup_created: Some(THEN),
            ..sandbox("stopped", "stopped")
        };
        let finding = found(due(&it, runner(true), THEN));
        assert!(finding.recoverable && !finding.release);
        assert!(finding.error_reason.is_some_and(|reason| reason.contains(&iso(THEN))));
        let restoring = Sandbox {
            state: "restoring".into(),
            desired: "started".into(),
            ..it
        };
        let finding = found(due(&restoring, runner(true), THEN));
        assert!(finding.recoverable && finding.release && finding.fence);
    }

    #[test]
    fn what_is_settled_is_left_alone() {
        for state in ["started", "stopped"] {
            assert_eq!(due(&sandbox(state, state), runner(false), THEN), Due::Nothing);
        }
        assert_eq!(
            due(&sandbox("destroyed", "destroyed"), runner(true), u64::MAX),
            Due::Nothing
        );
        assert_eq!(due(&sandbox("error", "started"), runner(false), u64::MAX), Due::Nothing);
        // A runner that answers destroys in the end.
        assert_eq!(
            due(&sandbox("started", "destroyed"), runner(false), u64::MAX),
            Due::Nothing
        );
    }
}
