//! What must be there before anybody can call: an organization, its key, regions, the platform's own runners.

use std::sync::atomic::{AtomicBool, Ordering};

use super::random;
use super::settings::Settings;
use crate::contracts::store::{self, BootstrapFacts, Organization, Runner};
use crate::http::Problem;
use crate::rules::permissions;

/// The organization that owns the platform. Its users also answer for the platform's own machines.
pub(super) const ORGANIZATION: &str = "00000000-0000-4000-8000-000000000001";
const USER: &str = "00000000-0000-4000-8000-000000000002";
const KEY_NAME: &str = "bootstrap";

/// The most that one sandbox of the first organization may ask for: beyond it, most machines could not hold it.
const MOST: (u32, u32, u32) = (16, 64, 256);

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
    let there = store::list_regions(ORGANIZATION.to_owned()).await?;
    Ok(settings
        .regions
        .iter()
        .all(|id| there.iter().any(|region| region.id == *id)))
}

fn facts(settings: &Settings, now: u64) -> BootstrapFacts {
    BootstrapFacts {
        organization: Organization {
            id: ORGANIZATION.to_owned(),
            name: "default".to_owned(),
            default_region: settings.regions.first().cloned(),
            max_cpu: MOST.0,
            max_memory_gib: MOST.1,
            max_disk_gib: MOST.2,
        },
        user: USER.to_owned(),
        key_name: KEY_NAME.to_owned(),
        key_hash: settings.key_hash.clone(),
        permissions: permissions::ALL.map(str::to_owned).to_vec(),
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
        last_report: 0,
        version: String::new(),
        created: now,
        updated: now,
    }
}
