//! Why sandboxes went where they are.

use super::{Context, regions, sandboxes};
use crate::contracts::store::{self, RegionKind};
use crate::dto::{DecisionView, Journal, PlacementView};
use crate::http::{Problem, Reply};
use crate::rules::permissions;

/// Decisions of a page, and at most.
const LIMIT: u32 = 100;
const LIMIT_MOST: u32 = 1_000;

/// How a sandbox came to where it is. The state of the fleet is shown to those whose machines it is.
pub(super) async fn of_sandbox(context: Context<'_>) -> Result<Reply, Problem> {
    let it = sandboxes::named(context).await?;
    let region = store::get_region(it.region.clone()).await?;
    let theirs = region.kind == RegionKind::Custom
        && region.organization.as_ref() == Some(&context.caller.organization)
        && context.caller.needs(permissions::READ_RUNNERS).is_ok();
    let whole = theirs || context.caller.operator;
    let rows = store::list_decisions(Some(it.id.clone()), None, 0, LIMIT_MOST).await?;
    let decisions = rows.iter().map(|row| DecisionView::new(row, whole));
    Reply::ok(&PlacementView {
        decisions: decisions.collect::<Result<_, _>>()?,
        sandbox_id: it.id,
        region_id: it.region,
        runner_id: it.runner,
    })
}

/// The journal of a region, for those whose machines it has; of all regions for operators.
pub(super) async fn journal(context: Context<'_>) -> Result<Reply, Problem> {
    let query = &context.call.query;
    let region = query.get("region").map(str::to_owned);
    match &region {
        Some(id) if context.caller.operator => {
            store::get_region(id.clone())
                .await
                .map_err(|_| regions::not_found(id))?;
        }
        Some(id) => {
            regions::known(context).await?.own(id)?;
        }
        None if context.caller.operator => {}
        None => {
            return Err(Problem::Forbidden(
                "name a custom region of yours: ?region=<id>; all decisions are for operators".to_owned(),
            ));
        }
    }
    let after = query.parsed::<u64>("after")?.unwrap_or(0);
    let limit = query.parsed::<u32>("limit")?.unwrap_or(LIMIT);
    if !(1..=LIMIT_MOST).contains(&limit) {
        return Err(Problem::BadRequest(format!("limit: 1 to {LIMIT_MOST}")));
    }
    let rows = store::list_decisions(None, region, after, limit).await?;
    Reply::ok(&Journal {
        position: rows.last().map_or(after, |row| row.position),
        decisions: rows
            .iter()
            .map(|row| DecisionView::new(row, true))
            .collect::<Result<_, _>>()?,
    })
}
