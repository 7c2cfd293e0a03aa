//! Whether a toolbox call may proceed.

use crate::agent::Agent;
use crate::entry::{Phase, Target};
use crate::model::{Millis, Refusal};

impl Agent {
    /// Whether a toolbox call may proceed at `now`; else the reason. Asked before the call, and again before its answer
    /// is handed out: only a runner that still holds its lease may acknowledge anything.
    pub fn admit_call(&self, now: Millis, sandbox: &str, generation: u64) -> Result<(), Refusal> {
        // First: without the lease nothing that is known here need be true any more.
        if self.lease_until.is_none_or(|until| now >= until) {
            return Err(Refusal::LeaseExpired);
        }
        let unknown = || Refusal::Unknown(format!("sandbox {sandbox} is not on this runner"));
        let entry = self.entries.get(sandbox).ok_or_else(unknown)?;
        if entry.purge.is_some() {
            return Err(unknown());
        }
        if entry.phase == Phase::Destroyed || entry.target == Target::Destroyed {
            return Err(Refusal::Unknown(format!("sandbox {sandbox} is destroyed")));
        }
        if generation < entry.generation {
            return Err(Refusal::OtherGeneration(format!(
                "generation {generation} of sandbox {sandbox} is not the present one, {}",
                entry.generation
            )));
        }
        if generation > entry.generation {
            return Err(Refusal::NotReady(format!(
                "sandbox {sandbox} is about to change: generation {generation} of it has not come yet"
            )));
        }
        match &entry.phase {
            Phase::Failed { reason, .. } if entry.settled => {
                Err(Refusal::Stopped(format!("sandbox {sandbox} is in error: {reason}")))
            }
            _ if entry.target == Target::Stopped && entry.phase == Phase::Stopped => {
                Err(Refusal::Stopped(format!("sandbox {sandbox} is stopped")))
            }
            _ if entry.target == Target::Stopped => Err(Refusal::Stopped(format!("sandbox {sandbox} is stopping"))),
            Phase::Started if entry.loaded => Ok(()),
            Phase::Started => Err(Refusal::NotReady(format!(
                "sandbox {sandbox} is being restored after a restart"
            ))),
            Phase::Stopped => Err(Refusal::NotReady(format!("sandbox {sandbox} is starting"))),
            Phase::Absent | Phase::Failed { .. } | Phase::Destroyed => {
                Err(Refusal::NotReady(format!("sandbox {sandbox} is being created")))
            }
        }
    }
}
