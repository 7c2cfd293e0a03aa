//! What must be there before anybody can call: an organization, its key, regions, the platform's own runners.

use std::sync::atomic::{AtomicBool, Ordering};

use super::random;
use super::settings::Settings;
use crate::contracts::store::{self, BootstrapFacts, Organization, Quota, Runner};
use crate::http::Problem;
use crate::rules::permissions;

/// The personal organization of the first user, whose first key carries the operator's role.
const ORGANIZATION: &str = "00000000-0000-4000-8000-000000000001";
const USER: &str = "00000000-0000-4000-8000-000000000002";
const KEY_NAME: &str = "bootstrap";

/// The most that one sandbox of the first organization may ask for: beyond it, most machines could not hold it.
const MOST: (u32, u32, u32) = (16, 64, 256);
/// Its totals where quotas are enforced in its default region: as much as the operator's machines hold.
const TOTALS: (u32, u32, u32) = (10_000, 40_000, 400_000);

/// Whether this instance has seen that everything is there.
static DONE: AtomicBool = AtomicBool::new(false);

/// Makes what is missing. The first call of an instance reads; only the first one ever, or one after the
/// variables have changed, writes. Calls at the same time may both write: it is idempotent.
pub(super) async fn ensure(settings: &Settings, now: u64) -> Result<(), Problem> {
    if DONE.load(Ordering::Relaxed) {
        return Ok(());
    }
    if !complete(settings).await? {
        store::bootstrap(facts(settings, now)).await?;
        // Shared regions hold to quotas; the platform's own organization may use all of its own.
        for region in settings.regions.iter().skip(1) {
            store::put_quota(Quota {
                organization: ORGANIZATION.to_owned(),
                region: region.clone(),
                cpu: TOTALS.0,
                memory_gib: TOTALS.1,
                disk_gib: TOTALS.2,
                updated: now,
            })
            .await?;
        }
        for own in &settings.runners {
            let runner = Runner {
                id: random::id()?,
                name: own.name.clone(),
                region: own.region.clone(),
                ..unheard(now)
            };
            store::create_runner(runner, own.token_hash.clone(), true).await?;
        }
    }
    DONE.store(true, Ordering::Relaxed);
    Ok(())
}

async fn complete(settings: &Settings) -> Result<bool, Problem> {
    let hashes = settings.runners.iter().map(|own| &own.token_hash);
    for hash in hashes.chain(Some(&settings.key_hash).filter(|hash| !hash.is_empty())) {
        if store::authenticate(hash.clone()).await?.is_none() {
            return Ok(false);
        }
    }
    match store::get_organization(ORGANIZATION.to_owned()).await {
        Ok(_) => {}
        Err(store::Error::NotFound(_)) => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    let there = store::list_regions(Some(ORGANIZATION.to_owned())).await?;
    Ok(settings
        .regions
        .iter()
        .all(|id| there.iter().any(|region| region.id == *id)))
}

fn facts(settings: &Settings, now: u64) -> BootstrapFacts {
    BootstrapFacts {
        organization: Organization {
            id: ORGANIZATION.to_owned(),
            name: "Personal".to_owned(),
            personal: true,
            created_by: USER.to_owned(),
            default_region: settings.regions.first().cloned(),
            max_cpu: MOST.0,
            max_memory_gib: MOST.1,
            max_disk_gib: MOST.2,
            total_cpu: TOTALS.0,
            total_memory_gib: TOTALS.1,
            total_disk_gib: TOTALS.2,
            suspended: None,
            created: now,
            updated: now,
        },
        user: USER.to_owned(),
        key_name: KEY_NAME.to_owned(),
        key_hash: settings.key_hash.clone(),
        permissions: permissions::ALL
            .iter()
            .chain(&[permissions::OPERATOR])
            .map(|one| (*one).to_owned())
            .collect(),
        regions: settings.regions.clone(),
        now,
    }
}

/// A runner that has never reported: it offers nothing until it does.
pub(super) fn unheard(now: u64) -> Runner {
    Runner {
        id: String::new(),
        name: String::new(),
        region: String::new(),
        organization: None,
        unschedulable: false,
        draining: false,
        cpu_milli: 0,
        memory_mib: 0,
        disk_mib: 0,
        sold_cpu_milli: 0,
        sold_memory_mib: 0,
        sold_disk_mib: 0,
        started_sandboxes: 0,
        cpu_used: 0.0,
        memory_used: 0.0,
        disk_used: 0.0,
        load: 0.0,
        healthy: false,
        services: "[]".to_owned(),
        allocated_cpu_milli: 0,
        allocated_memory_mib: 0,
        allocated_disk_mib: 0,
        snapshots: Vec::new(),
        tags: Vec::new(),
        last_report: 0,
        lease_until: 0,
        connected_until: 0,
        verdict: "initializing".to_owned(),
        verdict_since: now,
        drain_started: false,
        instance: String::new(),
        version: String::new(),
        created: now,
        updated: now,
    }
}
