//! Limits, totals and usage.

use super::{Context, organizations, regions, sandboxes};
use crate::contracts::store::{self, Organization, OrganizationChange, Quota, Region, Totals};
use crate::dto::{CLASS, QuotaBody, QuotaView, UsageView, effective};
use crate::http::{Problem, Reply};

/// The totals to hold in a region: none where it has none. 403 if it has, and the organization none there.
pub(super) async fn totals(organization: &Organization, region: &Region) -> Result<Option<Totals>, Problem> {
    if !region.enforce_quotas {
        return Ok(None);
    }
    let rows = store::list_quotas(organization.id.clone()).await?;
    holding(organization, region, &rows)
}

/// The same, where the rows have been read.
pub(super) fn holding(organization: &Organization, region: &Region, rows: &[Quota]) -> Result<Option<Totals>, Problem> {
    if !region.enforce_quotas {
        return Ok(None);
    }
    match effective(organization, &region.id, rows) {
        Some(quota) => Ok(Some(Totals {
            cpu: quota.cpu,
            memory_gib: quota.memory_gib,
            disk_gib: quota.disk_gib,
        })),
        None => Err(Problem::Forbidden(format!(
            "the organization has no quota in region {}",
            region.name
        ))),
    }
}

pub(super) async fn usage(context: Context<'_>) -> Result<Reply, Problem> {
    let organization = store::get_organization(organizations::of_path(context)?).await?;
    let known = regions::Known::read(&organization).await?;
    let visible: Vec<Region> = known.visible().into_iter().cloned().collect();
    let rows = store::list_quotas(organization.id.clone()).await?;
    let usage = store::list_usage(organization.id.clone()).await?;
    let snapshots = store::list_snapshots(organization.id.clone()).await?;
    let volumes = store::list_volumes(organization.id.clone()).await?.len();
    Reply::ok(&UsageView::new(
        &organization,
        &visible,
        &rows,
        &usage,
        &snapshots,
        volumes,
    ))
}

/// The totals that hold for a sandbox, for services.
pub(super) async fn of_sandbox(context: Context<'_>) -> Result<Reply, Problem> {
    let it = sandboxes::seen(context).await?;
    let organization = store::get_organization(it.organization).await?;
    let rows = store::list_quotas(organization.id.clone()).await?;
    match effective(&organization, &it.region, &rows) {
        Some(quota) => Reply::ok(&QuotaView::new(&organization, &quota)),
        None => Err(Problem::NotFound(format!("there is no quota in region {}", it.region))),
    }
}

/// Limits of one sandbox, and totals of the default region.
pub(super) async fn set_limits(context: Context<'_>) -> Result<Reply, Problem> {
    let body: QuotaBody = context.call.json()?;
    let change = OrganizationChange {
        max_cpu: body.max_cpu_per_sandbox,
        max_memory_gib: body.max_memory_per_sandbox,
        max_disk_gib: body.max_disk_per_sandbox,
        total_cpu: body.total_cpu_quota,
        total_memory_gib: body.total_memory_quota,
        total_disk_gib: body.total_disk_quota,
        ..organizations::NOTHING
    };
    store::change_organization(organizations::of_path(context)?, change, context.call.now).await?;
    Ok(Reply::empty(204))
}

/// A row of totals in a region. To add one that is there is a conflict; to change one makes it.
pub(super) async fn put(context: Context<'_>, add: bool) -> Result<Reply, Problem> {
    let body: QuotaBody = context.call.json()?;
    let organization = store::get_organization(organizations::of_path(context)?).await?;
    let region = store::get_region(context.params.at(1).to_owned()).await?;
    let rows = store::list_quotas(organization.id.clone()).await?;
    if add && rows.iter().any(|row| row.region == region.id) {
        return Err(Problem::Conflict(format!(
            "organization {} has a quota in region {} already",
            organization.name, region.name
        )));
    }
    let old = effective(&organization, &region.id, &rows);
    let old = |value: fn(&Quota) -> u32, own: u32| old.as_ref().map_or(own, value);
    let quota = Quota {
        organization: organization.id.clone(),
        region: region.id,
        cpu: body
            .total_cpu_quota
            .unwrap_or_else(|| old(|it| it.cpu, organization.total_cpu)),
        memory_gib: body
            .total_memory_quota
            .unwrap_or_else(|| old(|it| it.memory_gib, organization.total_memory_gib)),
        disk_gib: body
            .total_disk_quota
            .unwrap_or_else(|| old(|it| it.disk_gib, organization.total_disk_gib)),
        updated: context.call.now,
    };
    store::put_quota(quota.clone()).await?;
    if add {
        Reply::json(201, &QuotaView::new(&organization, &quota))
    } else {
        Ok(Reply::empty(204))
    }
}

fn class(context: Context<'_>) -> Result<(), Problem> {
    match context.params.at(2) {
        CLASS => Ok(()),
        other => Err(Problem::NotFound(format!(
            "there is no class {other:?}; the one there is: {CLASS}"
        ))),
    }
}

pub(super) async fn get(context: Context<'_>) -> Result<Reply, Problem> {
    class(context)?;
    let organization = store::get_organization(organizations::of_path(context)?).await?;
    let rows = store::list_quotas(organization.id.clone()).await?;
    let region = context.params.at(1);
    match effective(&organization, region, &rows) {
        Some(quota) => Reply::ok(&QuotaView::new(&organization, &quota)),
        None => Err(Problem::NotFound(format!("there is no quota in region {region}"))),
    }
}

pub(super) async fn delete(context: Context<'_>) -> Result<Reply, Problem> {
    class(context)?;
    store::delete_quota(organizations::of_path(context)?, context.params.at(1).to_owned()).await?;
    Ok(Reply::empty(204))
}
