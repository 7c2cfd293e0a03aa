//! Starting, stopping and deleting a sandbox: new intents.

use super::{Context, auth, wait};
use crate::contracts::signals;
use crate::contracts::store::{self, Sandbox};
use crate::dto::{SandboxView, job_id, payload};
use crate::http::{Problem, Reply};
use crate::rules::lifecycle::{Command, Step, step};
use crate::rules::permissions;

/// How long an answer to a start or stop waits for the state to be reached, as documented.
const PATIENCE: u64 = 30_000;
/// How long an answer to a delete waits: clients do not need more than to know that it was heard.
const DELETE_PATIENCE: u64 = 2_000;
/// Tries against others who change the same sandbox at the same time.
const ATTEMPTS: u32 = 5;

pub(super) async fn start(context: Context<'_>) -> Result<Reply, Problem> {
    let (before, after) = command(context, Command::Start, permissions::WRITE_SANDBOXES, PATIENCE).await?;
    let it = after.ok_or_else(|| Problem::Conflict(format!("sandbox {} was deleted meanwhile", before.name)))?;
    if it.state == "error" {
        let reason = it.error_reason.as_deref().unwrap_or("unknown reason");
        return Err(Problem::BadRequest(format!(
            "sandbox {} could not be started: {reason}",
            it.name
        )));
    }
    Reply::ok(&SandboxView::new(&it, &context.settings.toolbox_proxy_url))
}

pub(super) async fn stop(context: Context<'_>) -> Result<Reply, Problem> {
    let (before, after) = command(context, Command::Stop, permissions::WRITE_SANDBOXES, PATIENCE).await?;
    show(context, before, after)
}

pub(super) async fn delete(context: Context<'_>) -> Result<Reply, Problem> {
    let (before, after) = command(
        context,
        Command::Destroy,
        permissions::DELETE_SANDBOXES,
        DELETE_PATIENCE,
    )
    .await?;
    show(context, before, after)
}

/// A sandbox that is gone by now is shown as destroyed.
fn show(context: Context<'_>, before: Sandbox, after: Option<Sandbox>) -> Result<Reply, Problem> {
    let it = after.unwrap_or_else(|| Sandbox {
        state: "destroyed".to_owned(),
        runner: None,
        ..before
    });
    Reply::ok(&SandboxView::new(&it, &context.settings.toolbox_proxy_url))
}

/// Carries a command out: the sandbox under the new intent, and as it is after waiting; none if it is gone.
async fn command(
    context: Context<'_>,
    command: Command,
    permission: &str,
    patience: u64,
) -> Result<(Sandbox, Option<Sandbox>), Problem> {
    let user = auth::user_who(context, permission).await?;
    for _ in 0..ATTEMPTS {
        let it = store::get_sandbox(user.organization.clone(), context.params.at(0).to_owned()).await?;
        let seen = signals::current(wait::of_sandbox(&it.id)).await;
        match step(command, &it)? {
            Step::Done => return Ok((it.clone(), Some(it))),
            Step::Wait => {
                // Whoever gave the intent has woken the runner. It may have arrived since it was read.
                let fresh = store::get_sandbox(it.organization.clone(), it.id.clone()).await;
                if let Ok(fresh) = fresh
                    && fresh.state != fresh.desired
                {
                    let after = wait::settled(&it, seen, patience).await?;
                    return Ok((it, after));
                }
            }
            Step::Intend(desired, kind) => {
                let generation = it.generation + 1;
                let changed = store::change_intent(
                    it.id.clone(),
                    it.generation,
                    desired.to_owned(),
                    job_id(&it.id, generation, kind),
                    kind,
                    payload(&it, generation),
                    context.call.now,
                )
                .await;
                match changed {
                    Ok(changed) => {
                        wait::intended(&changed).await;
                        let after = wait::settled(&changed, seen, patience).await?;
                        return Ok((changed, after));
                    }
                    Err(store::Error::Conflict(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
    Err(Problem::Conflict(format!(
        "sandbox {} is being changed by others; try again",
        context.params.at(0)
    )))
}
