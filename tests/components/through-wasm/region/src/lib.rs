//! The functions of crate `region`, each answered by the compiled component.

use region as native;
use std::cell::RefCell;
use wasmtime::Store;
use wasmtime::component::Linker;

pub use native::{
    Caller, CredentialStep, Kind, NAME_LENGTH, Reachability, Refusal, Region, Resources, RunnerLink, Service, Services,
    URL_LENGTH,
};

#[allow(missing_docs, clippy::all, reason = "generated")]
mod bindings {
    wasmtime::component::bindgen!({ path: "../../../../wit/region", world: "component" });
}

use bindings::exports::sandbar::region::rules as wit;

thread_local! {
    static RULES: RefCell<(Store<()>, bindings::Component)> = RefCell::new(instantiate());
}

fn instantiate() -> (Store<()>, bindings::Component) {
    let (engine, component) = through_wasm_load::load("region");
    let mut store = Store::new(&engine, ());
    // An empty linker: that it links shows that the component imports nothing.
    let rules =
        bindings::Component::instantiate(&mut store, &component, &Linker::new(&engine)).expect("it imports nothing");
    (store, rules)
}

fn call<T>(act: impl FnOnce(&mut Store<()>, &wit::Guest) -> wasmtime::Result<T>) -> T {
    RULES.with_borrow_mut(|(store, rules)| {
        act(store, rules.sandbar_region_rules()).expect("the component does not trap")
    })
}

/// See `region::resolve_target`.
///
/// # Errors
/// As there.
pub fn resolve_target(caller: &Caller, target: Option<&str>, regions: &[Region]) -> Result<String, Refusal> {
    let regions: Vec<_> = regions.iter().map(to_wit).collect();
    call(|store, rules| rules.call_resolve_target(store, &caller_to_wit(caller), target, &regions)).map_err(refusal)
}

/// See `region::visible`.
#[must_use]
pub fn visible(caller: &Caller, regions: Vec<Region>) -> Vec<Region> {
    let regions: Vec<_> = regions.iter().map(to_wit).collect();
    call(|store, rules| rules.call_visible(store, &caller_to_wit(caller), &regions))
        .into_iter()
        .map(from_wit)
        .collect()
}

/// See `region::check_name`.
///
/// # Errors
/// As there.
pub fn check_name(name: &str) -> Result<(), Refusal> {
    call(|store, rules| rules.call_check_name(store, name)).map_err(refusal)
}

/// See `region::custom_id`.
#[must_use]
pub fn custom_id(name: &str, entropy: u64) -> String {
    call(|store, rules| rules.call_custom_id(store, name, entropy))
}

/// See `region::check_services`.
///
/// # Errors
/// As there.
pub fn check_services(services: &Services) -> Result<(), Refusal> {
    call(|store, rules| rules.call_check_services(store, &services_to_wit(services))).map_err(refusal)
}

/// See `region::plan_services`.
///
/// # Panics
/// If the component answers for another number of services.
#[must_use]
pub fn plan_services(before: &Services, after: &Services) -> [CredentialStep; 3] {
    call(|store, rules| rules.call_plan_services(store, &services_to_wit(before), &services_to_wit(after)))
        .into_iter()
        .map(|step| match step {
            wit::CredentialStep::Keep => CredentialStep::Keep,
            wit::CredentialStep::Make => CredentialStep::Make,
            wit::CredentialStep::Revoke => CredentialStep::Revoke,
        })
        .collect::<Vec<_>>()
        .try_into()
        .expect("one for each service")
}

/// See `region::check_regenerate`.
///
/// # Errors
/// As there.
pub fn check_regenerate(service: Service, services: &Services) -> Result<(), Refusal> {
    let service = match service {
        Service::Proxy => wit::Service::Proxy,
        Service::SshGateway => wit::Service::SshGateway,
        Service::SnapshotManager => wit::Service::SnapshotManager,
    };
    call(|store, rules| rules.call_check_regenerate(store, service, &services_to_wit(services))).map_err(refusal)
}

/// See `region::check_own`.
///
/// # Errors
/// As there.
pub fn check_own(caller: &Caller, region: &Region) -> Result<(), Refusal> {
    call(|store, rules| rules.call_check_own(store, &caller_to_wit(caller), &to_wit(region))).map_err(refusal)
}

/// See `region::reachability`.
#[must_use]
pub fn reachability(services: &Services, runners: &[RunnerLink]) -> Reachability {
    let runners: Vec<_> = runners
        .iter()
        .map(|link| wit::RunnerLink {
            reports: link.reports,
            connected: link.connected,
        })
        .collect();
    match call(|store, rules| rules.call_reachability_of(store, &services_to_wit(services), &runners)) {
        wit::Reachability::NoRunners => Reachability::NoRunners,
        wit::Reachability::Reachable => Reachability::Reachable,
        wit::Reachability::Unreachable => Reachability::Unreachable,
    }
}

/// See `region::check_resources`.
///
/// # Errors
/// As there.
pub fn check_resources(asked: Resources, most: Resources) -> Result<(), Refusal> {
    let out = |r: Resources| wit::Resources {
        cpu: r.cpu,
        memory_gib: r.memory_gib,
        disk_gib: r.disk_gib,
    };
    call(|store, rules| rules.call_check_resources(store, out(asked), out(most))).map_err(refusal)
}

fn caller_to_wit(caller: &Caller) -> wit::Caller {
    wit::Caller {
        organization: caller.organization.clone(),
        default_region: caller.default_region.clone(),
        quota_regions: caller.quota_regions.clone(),
    }
}

fn services_to_wit(services: &Services) -> wit::Services {
    wit::Services {
        proxy: services.proxy.clone(),
        ssh_gateway: services.ssh_gateway.clone(),
        snapshot_manager: services.snapshot_manager.clone(),
    }
}

fn to_wit(region: &Region) -> wit::Region {
    wit::Region {
        id: region.id.clone(),
        name: region.name.clone(),
        kind: match region.kind {
            Kind::Shared => wit::Kind::Shared,
            Kind::Dedicated => wit::Kind::Dedicated,
            Kind::Custom => wit::Kind::Custom,
        },
        organization: region.organization.clone(),
        enforce_quotas: region.enforce_quotas,
    }
}

fn from_wit(region: wit::Region) -> Region {
    Region {
        id: region.id,
        name: region.name,
        kind: match region.kind {
            wit::Kind::Shared => Kind::Shared,
            wit::Kind::Dedicated => Kind::Dedicated,
            wit::Kind::Custom => Kind::Custom,
        },
        organization: region.organization,
        enforce_quotas: region.enforce_quotas,
    }
}

fn refusal(refusal: wit::Refusal) -> Refusal {
    match refusal {
        wit::Refusal::DefaultRegionRequired => Refusal::DefaultRegionRequired,
        wit::Refusal::NotFound(text) => Refusal::NotFound(text),
        wit::Refusal::InvalidName(text) => Refusal::InvalidName(text),
        wit::Refusal::OverLimit(text) => Refusal::OverLimit(text),
        wit::Refusal::NoQuota(text) => Refusal::NoQuota(text),
        wit::Refusal::InvalidUrl(text) => Refusal::InvalidUrl(text),
        wit::Refusal::MissingUrl(text) => Refusal::MissingUrl(text),
        wit::Refusal::NotCustom(text) => Refusal::NotCustom(text),
    }
}
