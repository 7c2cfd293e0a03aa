//! Sandboxes as clients see them, with the place where their toolboxes are reached: the proxy of their region if it has one, to
//! which the region's runners have dialled, else the platform's own front.

use std::collections::BTreeMap;

use super::Context;
use crate::contracts::store::{self, Error, Region, Sandbox};
use crate::dto::{SandboxItem, SandboxView};
use crate::http::{Problem, Reply};
use crate::rules::preview;

/// The base of the toolboxes in a region, without a slash at its end.
pub(super) async fn base(context: Context<'_>, region: &str) -> Result<String, Problem> {
    let own = || context.settings.toolbox_proxy_url.clone();
    match store::get_region(region.to_owned()).await {
        Ok(region) => Ok(region.proxy_url.as_deref().map_or_else(own, preview::toolbox)),
        // The last sandboxes of a deleted region.
        Err(Error::NotFound(_)) => Ok(own()),
        Err(error) => Err(error.into()),
    }
}

/// One sandbox, as an answer.
pub(super) async fn one(context: Context<'_>, it: &Sandbox) -> Result<Reply, Problem> {
    Reply::ok(&SandboxView::new(it, &base(context, &it.region).await?))
}

/// One sandbox, as an answer, whose region has just been read.
pub(super) fn in_region(context: Context<'_>, it: &Sandbox, region: &Region) -> Result<Reply, Problem> {
    let own = || context.settings.toolbox_proxy_url.clone();
    let base = region.proxy_url.as_deref().map_or_else(own, preview::toolbox);
    Reply::ok(&SandboxView::new(it, &base))
}

/// Several, in full.
pub(super) async fn full(context: Context<'_>, rows: &[Sandbox]) -> Result<Vec<SandboxView>, Problem> {
    let bases = bases(context, rows).await?;
    let view = |row: &Sandbox| SandboxView::new(row, &bases[&row.region]);
    Ok(rows.iter().map(view).collect())
}

/// Several, as lists have them.
pub(super) async fn items(context: Context<'_>, rows: &[&Sandbox]) -> Result<Vec<SandboxItem>, Problem> {
    let bases = bases(context, rows.iter().copied()).await?;
    let item = |row: &&Sandbox| SandboxItem::new(row, &bases[&row.region]);
    Ok(rows.iter().map(item).collect())
}

/// The base of each region that occurs.
pub(super) async fn bases<'a>(
    context: Context<'_>,
    rows: impl IntoIterator<Item = &'a Sandbox>,
) -> Result<BTreeMap<String, String>, Problem> {
    let mut bases = BTreeMap::new();
    for row in rows {
        if !bases.contains_key(&row.region) {
            bases.insert(row.region.clone(), base(context, &row.region).await?);
        }
    }
    Ok(bases)
}
