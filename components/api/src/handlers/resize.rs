//! Another size.

use super::{Context, create, organizations, quotas, sandboxes, views, wait};
use crate::contracts::store::{self, JobKind, Sandbox};
use crate::dto::{Resize, job_id, payload};
use crate::http::{Code, Problem, Reply};
use crate::rules::lifecycle;

/// Tries against others who change the same sandbox at the same time.
const ATTEMPTS: u32 = 5;

pub(super) async fn resize(context: Context<'_>) -> Result<Reply, Problem> {
    let body: Resize = context.call.json()?;
    let organization = organizations::own(context).await?;
    for _ in 0..ATTEMPTS {
        let it = sandboxes::named(context).await?;
        let new = body.of(&it)?;
        lifecycle::resize(&it, new)?;
        create::check_size(&organization, new.cpu, new.memory_gib, new.disk_gib)?;
        let region = store::get_region(it.region.clone()).await?;
        let totals = quotas::totals(&organization, &region).await?;
        let generation = it.generation + 1;
        let after = Sandbox {
            cpu: new.cpu,
            memory_gib: new.memory_gib,
            disk_gib: new.disk_gib,
            ..it.clone()
        };
        let changed = store::resize_sandbox(
            it.id.clone(),
            it.generation,
            new.cpu,
            new.memory_gib,
            new.disk_gib,
            totals,
            // What is stopped learns of it when it is started.
            if it.state == "started" {
                job_id(&it.id, generation, JobKind::UpdateSandbox)
            } else {
                String::new()
            },
            payload(&after, generation),
            context.call.now,
        )
        .await;
        match changed {
            Ok(changed) => {
                wait::intended(&changed).await;
                return views::one(context, &changed).await;
            }
            // Somebody was faster, or the runner is full: which, the next look says.
            Err(store::Error::Conflict(_)) => {
                let fresh = sandboxes::named(context).await?;
                if fresh.generation == it.generation {
                    return Err(Problem::Coded(
                        Code::NoRunner,
                        format!("the runner of sandbox {} has no room for the new size", it.name),
                    ));
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Problem::Conflict(format!(
        "sandbox {} is being changed by others; try again",
        context.params.at(0)
    )))
}
