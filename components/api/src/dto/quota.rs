//! Quotas and usage on the wire.

use serde::{Deserialize, Serialize};

use crate::contracts::store::{Organization, Quota, Region, Snapshot, Usage};
use crate::rules::snapshots::{MOST_SNAPSHOTS, MOST_VOLUMES};

/// The one class of sandboxes there is.
pub const CLASS: &str = "wasm";

/// Totals of an organization in a region.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaView {
    organization_id: String,
    region_id: String,
    sandbox_class: &'static str,
    total_cpu_quota: u32,
    total_memory_quota: u32,
    total_disk_quota: u32,
    total_gpu_quota: u32,
    max_cpu_per_sandbox: u32,
    max_memory_per_sandbox: u32,
    max_disk_per_sandbox: u32,
    max_disk_per_non_ephemeral_sandbox: Option<u32>,
    max_cpu_per_gpu: Option<u32>,
    max_memory_per_gpu: Option<u32>,
    max_disk_per_gpu: Option<u32>,
    max_sandbox_lifespan: Option<u32>,
}

impl QuotaView {
    /// The totals that hold.
    pub fn new(organization: &Organization, quota: &Quota) -> Self {
        Self {
            organization_id: quota.organization.clone(),
            region_id: quota.region.clone(),
            sandbox_class: CLASS,
            total_cpu_quota: quota.cpu,
            total_memory_quota: quota.memory_gib,
            total_disk_quota: quota.disk_gib,
            total_gpu_quota: 0,
            max_cpu_per_sandbox: organization.max_cpu,
            max_memory_per_sandbox: organization.max_memory_gib,
            max_disk_per_sandbox: organization.max_disk_gib,
            max_disk_per_non_ephemeral_sandbox: None,
            max_cpu_per_gpu: None,
            max_memory_per_gpu: None,
            max_disk_per_gpu: None,
            max_sandbox_lifespan: None,
        }
    }
}

/// The totals that hold for an organization in a region: its row, or in its default region its own; none: no row.
pub fn effective(organization: &Organization, region: &str, rows: &[Quota]) -> Option<Quota> {
    let row = rows.iter().find(|row| row.region == region).cloned();
    let own = || {
        (organization.default_region.as_deref() == Some(region)).then(|| Quota {
            organization: organization.id.clone(),
            region: region.to_owned(),
            cpu: organization.total_cpu,
            memory_gib: organization.total_memory_gib,
            disk_gib: organization.total_disk_gib,
            updated: organization.updated,
        })
    };
    row.or_else(own)
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RegionUsage {
    region_id: String,
    sandbox_class: &'static str,
    total_cpu_quota: u32,
    current_cpu_usage: u64,
    total_memory_quota: u32,
    current_memory_usage: u64,
    total_disk_quota: u32,
    current_disk_usage: u64,
    total_gpu_quota: u32,
    current_gpu_usage: u32,
    max_cpu_per_sandbox: u32,
    max_memory_per_sandbox: u32,
    max_disk_per_sandbox: u32,
    max_disk_per_non_ephemeral_sandbox: Option<u32>,
    max_cpu_per_gpu: Option<u32>,
    max_memory_per_gpu: Option<u32>,
    max_disk_per_gpu: Option<u32>,
    /// Whether the totals are held to; where not, they are 0.
    enforced: bool,
    current_sandboxes: u64,
}

/// What an organization uses everywhere.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageView {
    region_usage: Vec<RegionUsage>,
    total_snapshot_quota: u32,
    current_snapshot_usage: u32,
    total_volume_quota: u32,
    current_volume_usage: u32,
}

impl UsageView {
    /// Usage in the regions that the organization may see.
    pub fn new(
        organization: &Organization,
        regions: &[Region],
        rows: &[Quota],
        usage: &[Usage],
        snapshots: &[Snapshot],
        volumes: usize,
    ) -> Self {
        let counts = |it: &&Snapshot| !it.hidden && !["error", "build_failed"].contains(&it.state.as_str());
        let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let each = |region: &Region| {
            let quota = effective(organization, &region.id, rows).filter(|_| region.enforce_quotas);
            let used = usage.iter().find(|row| row.region == region.id);
            RegionUsage {
                region_id: region.id.clone(),
                sandbox_class: CLASS,
                total_cpu_quota: quota.as_ref().map_or(0, |it| it.cpu),
                current_cpu_usage: used.map_or(0, |it| it.cpu),
                total_memory_quota: quota.as_ref().map_or(0, |it| it.memory_gib),
                current_memory_usage: used.map_or(0, |it| it.memory_gib),
                total_disk_quota: quota.as_ref().map_or(0, |it| it.disk_gib),
                current_disk_usage: used.map_or(0, |it| it.disk_gib),
                total_gpu_quota: 0,
                current_gpu_usage: 0,
                max_cpu_per_sandbox: organization.max_cpu,
                max_memory_per_sandbox: organization.max_memory_gib,
                max_disk_per_sandbox: organization.max_disk_gib,
                max_disk_per_non_ephemeral_sandbox: None,
                max_cpu_per_gpu: None,
                max_memory_per_gpu: None,
                max_disk_per_gpu: None,
                enforced: region.enforce_quotas,
                current_sandboxes: used.map_or(0, |it| it.sandboxes),
            }
        };
        Self {
            region_usage: regions.iter().map(each).collect(),
            total_snapshot_quota: MOST_SNAPSHOTS,
            current_snapshot_usage: small(snapshots.iter().filter(counts).count()),
            total_volume_quota: MOST_VOLUMES,
            current_volume_usage: small(volumes),
        }
    }
}

/// The body of a change of totals or limits; what is absent stays.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QuotaBody {
    /// Whole CPUs in all.
    pub total_cpu_quota: Option<u32>,
    /// GiB in all.
    pub total_memory_quota: Option<u32>,
    /// GiB in all.
    pub total_disk_quota: Option<u32>,
    /// Whole CPUs of one sandbox.
    pub max_cpu_per_sandbox: Option<u32>,
    /// GiB of one sandbox.
    pub max_memory_per_sandbox: Option<u32>,
    /// GiB of one sandbox.
    pub max_disk_per_sandbox: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dto::organization::sample_organization;

    #[test]
    fn the_default_region_has_the_organizations_own_totals_until_it_has_a_row() {
        let organization = sample_organization();
        let row = Quota {
            organization: "org-1".into(),
            region: "us".into(),
            cpu: 99,
            memory_gib: 1,
            disk_gib: 1,
            updated: 0,
        };
        let cpu = |region: &str, rows: &[Quota]| effective(&organization, region, rows).map(|it| it.cpu);
        assert_eq!(cpu("us", &[]), Some(10));
        assert_eq!(cpu("us", std::slice::from_ref(&row)), Some(99));
        assert_eq!(cpu("eu", &[row]), None);
    }
}
