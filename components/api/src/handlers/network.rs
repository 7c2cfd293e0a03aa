//! What a sandbox may reach: changed while it runs.

use super::{Context, sandboxes, views, wait};
use crate::contracts::store::{self, JobKind, Settings};
use crate::dto::{Network, job_id, payload};
use crate::http::{Problem, Reply};
use crate::rules::lifecycle::shown;

/// Tries against others who change the same sandbox at the same time.
const ATTEMPTS: u32 = 5;

pub(super) async fn set(context: Context<'_>) -> Result<Reply, Problem> {
    let body: Network = context.call.json()?;
    body.check()?;
    let it = sandboxes::named(context).await?;
    let state = shown(&it.state, &it.desired);
    if !["started", "stopped"].contains(&state) {
        return Err(Problem::Conflict(format!(
            "sandbox {} is {state}; wait until that is done",
            it.name
        )));
    }
    let settings = Settings {
        network_block_all: body.network_block_all,
        network_allow_list: body.network_allow_list,
        domain_allow_list: body.domain_allow_list,
        ..sandboxes::NOTHING
    };
    let mut it = store::change_settings(it.organization, it.id, settings, context.call.now).await?;
    // The settings are there; the runner learns of them by the next job, whosever it is.
    for _ in 0..ATTEMPTS {
        let generation = it.generation + 1;
        let changed = store::change_intent(
            it.id.clone(),
            it.generation,
            it.desired.clone(),
            job_id(&it.id, generation, JobKind::UpdateSandbox),
            JobKind::UpdateSandbox,
            payload(&it, generation),
            None,
            context.call.now,
        )
        .await;
        match changed {
            Ok(changed) => {
                wait::intended(&changed).await;
                return views::one(context, &changed).await;
            }
            Err(store::Error::Conflict(_)) => {
                it = store::get_sandbox(it.organization, it.id).await?;
                if it.state != it.desired {
                    // Somebody starts or stops it: that job's payload already holds the settings.
                    return views::one(context, &it).await;
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Problem::Conflict(format!(
        "sandbox {} is being changed by others; try again",
        it.name
    )))
}
