//! Who sees which region, which one a sandbox's target means, and who may change one.

use crate::model::{Caller, Kind, Refusal, Region};

/// Whether a region exists for this caller at all. What is somebody else's is as good as not there.
fn exists_for(caller: &Caller, region: &Region) -> bool {
    region.kind == Kind::Shared || owns(caller, region)
}

fn owns(caller: &Caller, region: &Region) -> bool {
    region.kind != Kind::Shared && region.organization.as_deref() == Some(caller.organization.as_str())
}

/// Whether the caller has limits in a region, or needs none. Custom regions have no totals, whatever their row says.
fn has_quota(caller: &Caller, region: &Region) -> bool {
    region.kind == Kind::Custom
        || !region.enforce_quotas
        || caller.default_region.as_deref() == Some(region.id.as_str())
        || caller.quota_regions.contains(&region.id)
}

/// Position of a kind in lists, and its precedence when a name is looked up.
fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::Custom => 0,
        Kind::Dedicated => 1,
        Kind::Shared => 2,
    }
}

/// The regions a caller may see: own custom ones, then dedicated, then shared, each by name. A shared one that
/// enforces quotas is seen by those who have a row there, or whose default it is.
pub fn visible(caller: &Caller, mut regions: Vec<Region>) -> Vec<Region> {
    regions.retain(|region| exists_for(caller, region) && (owns(caller, region) || has_quota(caller, region)));
    regions.sort_by(|a, b| (rank(a.kind), &a.name, &a.id).cmp(&(rank(b.kind), &b.name, &b.id)));
    regions
}

/// From a sandbox's `target` to a region's id.
///
/// An organization must have a default region, even if a target is given. Absent or blank means that default.
/// Otherwise the target is the exact name of a region of the caller (a custom one before a dedicated one), then
/// the exact name of a shared one, then the id of one that exists for the caller. A region of somebody else is
/// reported as if it did not exist. One that enforces quotas wants a row, unless it is the default.
pub fn resolve_target(caller: &Caller, target: Option<&str>, regions: &[Region]) -> Result<String, Refusal> {
    let default = caller.default_region.as_deref().ok_or(Refusal::DefaultRegionRequired)?;
    let target = target.map(str::trim).filter(|target| !target.is_empty());
    let known: Vec<&Region> = regions.iter().filter(|region| exists_for(caller, region)).collect();
    let by_id = |id: &str| known.iter().copied().find(|region| region.id == id);
    let found = match target {
        None => by_id(default),
        Some(name) => known
            .iter()
            .copied()
            .filter(|region| region.name == name)
            .min_by_key(|region| (rank(region.kind), &region.id))
            .or_else(|| by_id(name)),
    };
    let Some(region) = found else {
        return Err(not_found(target.unwrap_or(default)));
    };
    if !has_quota(caller, region) {
        return Err(Refusal::NoQuota(format!(
            "region {} enforces quotas and your organization has none there; ask its operator for a quota, or name \
             another target",
            region.name
        )));
    }
    Ok(region.id.clone())
}

/// Whether the caller may change a region and register runners in it: a custom one of its own.
pub fn check_own(caller: &Caller, region: &Region) -> Result<(), Refusal> {
    if !exists_for(caller, region) {
        return Err(not_found(&region.id));
    }
    if region.kind != Kind::Custom {
        return Err(Refusal::NotCustom(format!(
            "region {} is run by the platform's operators, organizations cannot change it or add runners to it; \
             create a custom region for your own machines",
            region.name
        )));
    }
    Ok(())
}

fn not_found(asked: &str) -> Refusal {
    Refusal::NotFound(format!(
        "region {asked} not found; list the regions to see those that you may use"
    ))
}
