//! Whether a toolbox call may go to its sandbox's cell now.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Driver, lock};
use crate::agent::{Event, Refusal as Denied};
use crate::cells::{CellError, Incarnation};

/// How long a toolbox call waits for its sandbox to be made or restored.
const CALL_WAIT: Duration = Duration::from_secs(20);
/// How long a call waits for a job that has not come: the front may know of a start before this runner does.
const JOB_WAIT: Duration = Duration::from_secs(3);
/// Between two looks, when the present cell was not yet told of a sandbox that the agent holds for loaded.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

impl Driver {
    /// Whether a call may proceed now.
    pub(crate) fn admit(&self, sandbox: &str, generation: u64) -> Result<(), Denied> {
        let now = self.clock.millis();
        if self.admitted.holds(sandbox, generation, now) {
            return Ok(());
        }
        let afresh = || Denied::NotReady("the runner is starting afresh".into());
        let mut slot = lock(&self.agent);
        let Some(mut agent) = slot.agent.take() else {
            return Err(afresh());
        };
        // The lock may have been waited for.
        let now = self.clock.millis();
        match agent.admit_call(now, sandbox, generation) {
            Ok(answer) => {
                slot.agent = Some(agent);
                if answer.is_ok() {
                    self.admitted
                        .keep(sandbox, generation, now, slot.granted.unwrap_or_default());
                }
                answer
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "the runner component failed; it starts afresh");
                Err(afresh())
            }
        }
    }

    /// Waits until a toolbox call for this sandbox may go to a cell that knows it, and gives that cell; else the
    /// agent's reason.
    pub(crate) async fn admit_call(
        self: &Arc<Self>,
        sandbox: &str,
        generation: u64,
    ) -> Result<Arc<Incarnation>, Refusal> {
        let deadline = Instant::now() + CALL_WAIT;
        let mut patience = Instant::now() + JOB_WAIT;
        loop {
            let admitted = self.admit(sandbox, generation);
            match &admitted {
                // Nothing that happens here changes these soon.
                Err(Denied::LeaseExpired | Denied::OtherGeneration(_) | Denied::Unknown(_) | Denied::Stopped(_)) => {
                    return Err(admitted.err().map_or(Refusal::Late, Refusal::Agent));
                }
                Ok(()) | Err(Denied::NotReady(_)) => {}
            }
            let life = self.cells()?.current().await?;
            if admitted.is_ok() && life.knows(sandbox) {
                return Ok(life);
            }
            if Instant::now() >= deadline {
                return Err(admitted.err().map_or(Refusal::Late, Refusal::Agent));
            }
            self.event(Event::Wanted(sandbox.to_owned()));
            match self.lane(sandbox) {
                Some(mut lane) => {
                    // Closes when the lane has nothing more to do.
                    let end = async { while lane.changed().await.is_ok() {} };
                    let _ = tokio::time::timeout(CALL_WAIT, end).await;
                    patience = Instant::now() + JOB_WAIT;
                }
                // The agent was told of a new cell a moment ago, or is about to be.
                None if admitted.is_ok() => tokio::time::sleep(LOOK_AGAIN).await,
                // The job that this call's generation belongs to is on its way.
                None if Instant::now() < patience => tokio::time::sleep(LOOK_AGAIN).await,
                None => return Err(admitted.err().map_or(Refusal::Late, Refusal::Agent)),
            }
        }
    }
}

/// Why a toolbox call goes nowhere.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the component says no")]
    Agent(Denied),
    #[error(transparent)]
    Cell(#[from] CellError),
    #[error("the sandbox was not ready within {} s", CALL_WAIT.as_secs())]
    Late,
}
