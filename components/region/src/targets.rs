//! Who sees which region, and which one a sandbox's target means.

use crate::model::{Caller, Kind, Refusal, Region};

/// Whether this caller may see and use a region.
fn may_see(caller: &Caller, region: &Region) -> bool {
    match region.kind {
        Kind::Shared => true,
        Kind::Dedicated | Kind::Custom => owns(caller, region),
    }
}

fn owns(caller: &Caller, region: &Region) -> bool {
    region.kind != Kind::Shared && region.organization.as_deref() == Some(caller.organization.as_str())
}

/// Position of a kind in lists, and its precedence when a name is looked up.
fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::Custom => 0,
        Kind::Dedicated => 1,
        Kind::Shared => 2,
    }
}

/// The regions a caller may see: own custom ones, then dedicated, then shared, each by name.
pub fn visible(caller: &Caller, mut regions: Vec<Region>) -> Vec<Region> {
    regions.retain(|region| may_see(caller, region));
    regions.sort_by(|a, b| (rank(a.kind), &a.name, &a.id).cmp(&(rank(b.kind), &b.name, &b.id)));
    regions
}

/// From a sandbox's `target` to a region's id.
///
/// An organization must have a default region, even if a target is given. Absent or blank means that default.
/// Otherwise the target is the exact name of a region of the caller (a custom one before a dedicated one), then
/// the exact name of a shared one, then the id of one that the caller may see. A region of somebody else is
/// reported as if it did not exist.
pub fn resolve_target(caller: &Caller, target: Option<&str>, regions: &[Region]) -> Result<String, Refusal> {
    let default = caller.default_region.as_deref().ok_or(Refusal::DefaultRegionRequired)?;
    let seen: Vec<&Region> = regions.iter().filter(|region| may_see(caller, region)).collect();
    let by_id = |id: &str| seen.iter().copied().find(|region| region.id == id);
    let found = match target.map(str::trim).filter(|target| !target.is_empty()) {
        None => by_id(default),
        Some(name) => seen
            .iter()
            .copied()
            .filter(|region| region.name == name)
            .min_by_key(|region| (rank(region.kind), &region.id))
            .or_else(|| by_id(name)),
    };
    match found {
        Some(region) => Ok(region.id.clone()),
        None => {
            let asked = target.map(str::trim).filter(|t| !t.is_empty()).unwrap_or(default);
            Err(Refusal::NotFound(format!("region {asked} not found")))
        }
    }
}
