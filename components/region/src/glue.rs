//! Between the contract's generated types and the rules' own.

use crate::model;

// Generated code; its documentation is the WIT.
#[allow(missing_docs, clippy::all)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit/region",
        world: "sandbar:region/component",
        generate_all,
    });
}

use bindings::exports::sandbar::region::rules::{self as wit, Guest};

struct Component;

bindings::export!(Component with_types_in bindings);

impl Guest for Component {
    fn resolve_target(
        caller: wit::Caller,
        target: Option<String>,
        regions: Vec<wit::Region>,
    ) -> Result<String, wit::Refusal> {
        let regions: Vec<model::Region> = regions.into_iter().map(region).collect();
        crate::resolve_target(&self::caller(caller), target.as_deref(), &regions).map_err(refusal)
    }

    fn visible(caller: wit::Caller, regions: Vec<wit::Region>) -> Vec<wit::Region> {
        let regions = regions.into_iter().map(region).collect();
        crate::visible(&self::caller(caller), regions)
            .into_iter()
            .map(region_out)
            .collect()
    }

    fn check_name(name: String) -> Result<(), wit::Refusal> {
        crate::check_name(&name).map_err(refusal)
    }

    fn custom_id(name: String, entropy: u64) -> String {
        crate::custom_id(&name, entropy)
    }

    fn check_services(services: wit::Services) -> Result<(), wit::Refusal> {
        crate::check_services(&self::services(services)).map_err(refusal)
    }

    fn plan_services(before: wit::Services, after: wit::Services) -> Vec<wit::CredentialStep> {
        crate::plan_services(&services(before), &services(after))
            .map(|step| match step {
                model::CredentialStep::Keep => wit::CredentialStep::Keep,
                model::CredentialStep::Make => wit::CredentialStep::Make,
                model::CredentialStep::Revoke => wit::CredentialStep::Revoke,
            })
            .to_vec()
    }

    fn check_regenerate(service: wit::Service, services: wit::Services) -> Result<(), wit::Refusal> {
        let service = match service {
            wit::Service::Proxy => model::Service::Proxy,
            wit::Service::SshGateway => model::Service::SshGateway,
            wit::Service::SnapshotManager => model::Service::SnapshotManager,
        };
        crate::check_regenerate(service, &self::services(services)).map_err(refusal)
    }

    fn check_own(caller: wit::Caller, region: wit::Region) -> Result<(), wit::Refusal> {
        crate::check_own(&self::caller(caller), &self::region(region)).map_err(refusal)
    }

    fn reachability_of(services: wit::Services, runners: Vec<wit::RunnerLink>) -> wit::Reachability {
        let runners: Vec<model::RunnerLink> = runners
            .into_iter()
            .map(|link| model::RunnerLink {
                reports: link.reports,
                connected: link.connected,
            })
            .collect();
        match crate::reachability(&self::services(services), &runners) {
            model::Reachability::NoRunners => wit::Reachability::NoRunners,
            model::Reachability::Reachable => wit::Reachability::Reachable,
            model::Reachability::Unreachable => wit::Reachability::Unreachable,
        }
    }

    fn check_resources(asked: wit::Resources, most: wit::Resources) -> Result<(), wit::Refusal> {
        crate::check_resources(resources(asked), resources(most)).map_err(refusal)
    }
}

fn caller(caller: wit::Caller) -> model::Caller {
    model::Caller {
        organization: caller.organization,
        default_region: caller.default_region,
        quota_regions: caller.quota_regions,
    }
}

fn services(services: wit::Services) -> model::Services {
    model::Services {
        proxy: services.proxy,
        ssh_gateway: services.ssh_gateway,
        snapshot_manager: services.snapshot_manager,
    }
}

fn resources(resources: wit::Resources) -> model::Resources {
    model::Resources {
        cpu: resources.cpu,
        memory_gib: resources.memory_gib,
        disk_gib: resources.disk_gib,
    }
}

fn refusal(refusal: model::Refusal) -> wit::Refusal {
    match refusal {
        model::Refusal::DefaultRegionRequired => wit::Refusal::DefaultRegionRequired,
        model::Refusal::NotFound(text) => wit::Refusal::NotFound(text),
        model::Refusal::InvalidName(text) => wit::Refusal::InvalidName(text),
        model::Refusal::OverLimit(text) => wit::Refusal::OverLimit(text),
        model::Refusal::NoQuota(text) => wit::Refusal::NoQuota(text),
        model::Refusal::InvalidUrl(text) => wit::Refusal::InvalidUrl(text),
        model::Refusal::MissingUrl(text) => wit::Refusal::MissingUrl(text),
        model::Refusal::NotCustom(text) => wit::Refusal::NotCustom(text),
    }
}

fn region(region: wit::Region) -> model::Region {
    model::Region {
        id: region.id,
        name: region.name,
        kind: match region.kind {
            wit::Kind::Shared => model::Kind::Shared,
            wit::Kind::Dedicated => model::Kind::Dedicated,
            wit::Kind::Custom => model::Kind::Custom,
        },
        organization: region.organization,
        enforce_quotas: region.enforce_quotas,
    }
}

fn region_out(region: model::Region) -> wit::Region {
    wit::Region {
        id: region.id,
        name: region.name,
        kind: match region.kind {
            model::Kind::Shared => wit::Kind::Shared,
            model::Kind::Dedicated => wit::Kind::Dedicated,
            model::Kind::Custom => wit::Kind::Custom,
        },
        organization: region.organization,
        enforce_quotas: region.enforce_quotas,
    }
}
