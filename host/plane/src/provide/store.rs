//! `sandbar:store`, natively: each verb is handed to the embedded database; only types are converted here.

use std::sync::Arc;

use wasmtime::component::Accessor;

use crate::bindings::sandbar::store::store::{self as wit, Host, HostWithStore};
use crate::state::{Provided, Shared, State};

impl Host for State {}

/// What all instances share, without holding on to this one.
pub(super) fn shared<T>(accessor: &Accessor<T, Provided>) -> Arc<Shared> {
    accessor.with(|mut access| Arc::clone(&access.get().shared))
}

impl<T> HostWithStore<T> for Provided {
    async fn bootstrap(accessor: &Accessor<T, Self>, facts: wit::BootstrapFacts) -> Result<(), wit::Error> {
        let shared = shared(accessor);
        let result = shared.calls.store.count(shared.store.bootstrap(facts.into())).await;
        result.map_err(Into::into)
    }

    async fn authenticate(
        accessor: &Accessor<T, Self>,
        credential_hash: String,
    ) -> Result<Option<wit::Identity>, wit::Error> {
        let shared = shared(accessor);
        let result = shared
            .calls
            .store
            .count(shared.store.authenticate(credential_hash))
            .await;
        result.map(|one| one.map(Into::into)).map_err(Into::into)
    }

    async fn get_organization(accessor: &Accessor<T, Self>, id: String) -> Result<wit::Organization, wit::Error> {
        let shared = shared(accessor);
        let result = shared.calls.store.count(shared.store.get_organization(id)).await;
        result.map(Into::into).map_err(Into::into)
    }

    async fn list_regions(accessor: &Accessor<T, Self>, organization: String) -> Result<Vec<wit::Region>, wit::Error> {
        let shared = shared(accessor);
        let result = shared.calls.store.count(shared.store.list_regions(organization)).await;
        result
            .map(|all| all.into_iter().map(Into::into).collect())
            .map_err(Into::into)
    }

    async fn create_region(accessor: &Accessor<T, Self>, region: wit::Region) -> Result<(), wit::Error> {
        let shared = shared(accessor);
        let result = shared
            .calls
            .store
            .count(shared.store.create_region(region.into()))
            .await;
        result.map_err(Into::into)
    }

    async fn delete_region(accessor: &Accessor<T, Self>, id: String) -> Result<(), wit::Error> {
        let shared = shared(accessor);
        let result = shared.calls.store.count(shared.store.delete_region(id)).await;
        result.map_err(Into::into)
    }

    async fn create_runner(
        accessor: &Accessor<T, Self>,
        runner: wit::Runner,
        token_hash: String,
        replace: bool,
    ) -> Result<wit::Runner, wit::Error> {
        let shared = shared(accessor);
        let result = shared
            .calls
            .store
            .count(shared.store.create_runner(runner.into(), token_hash, replace))
            .await;
        result.map(Into::into).map_err(Into::into)
    }

    async fn list_runners(
        accessor: &Accessor<T, Self>,
        region: Option<String>,
        organization: Option<String>,
    ) -> Result<Vec<wit::Runner>, wit::Error> {
        let shared = shared(accessor);
        let result = shared
            .calls
            .store
            .count(shared.store.list_runners(region, organization))
            .await;
        result
            .map(|all| all.into_iter().map(Into::into).collect())
            .map_err(Into::into)
    }

    async fn get_runner(accessor: &Accessor<T, Self>, id: String) -> Result<wit::Runner, wit::Error> {
        let shared = shared(accessor);
        let result = shared.calls.store.count(shared.store.get_runner(id)).await;
        result.map(Into::into).map_err(Into::into)
    }

    async fn set_runner_flags(
        accessor: &Accessor<T, Self>,
        id: String,
        unschedulable: Option<bool>,
        draining: Option<bool>,
        now: u64,
    ) -> Result<wit::Runner, wit::Error> {
        let shared = shared(accessor);
        let result = shared
            .calls
            .store
            .count(shared.store.set_runner_flags(id, unschedulable, draining, now))
            .await;
        result.map(Into::into).map_err(Into::into)
    }

    async fn delete_runner(accessor: &Accessor<T, Self>, id: String) -> Result<(), wit::Error> {
        let shared = shared(accessor);
        let result = shared.calls.store.count(shared.store.delete_runner(id)).await;
        result.map_err(Into::into)
    }

    async fn placement_window(
        accessor: &Accessor<T, Self>,
        region: String,
        seed: u64,
        limit: u32,
    ) -> Result<Vec<wit::Runner>, wit::Error> {
        let shared = shared(accessor);
        let result = shared
            .calls
            .store
            .count(shared.store.placement_window(region, seed, limit))
            .await;
        result
            .map(|all| all.into_iter().map(Into::into).collect())
            .map_err(Into::into)
    }

    async fn create_sandbox(
        accessor: &Accessor<T, Self>,
        sandbox: wit::Sandbox,
        runner: String,
        job_id: String,
        payload: String,
    ) -> Result<wit::Sandbox, wit::Error> {
        let shared = shared(accessor);
        let result = shared
            .calls
            .store
            .count(shared.store.create_sandbox(sandbox.into(), runner, job_id, payload))
            .await;
        result.map(Into::into).map_err(Into::into)
    }

    async fn get_sandbox(
        accessor: &Accessor<T, Self>,
        organization: String,
        id_or_name: String,
    ) -> Result<wit::Sandbox, wit::Error> {
        let shared = shared(accessor);
        let result = shared
            .calls
            .store
            .count(shared.store.get_sandbox(organization, id_or_name))
            .await;
        result.map(Into::into).map_err(Into::into)
    }

    async fn list_sandboxes(
        accessor: &Accessor<T, Self>,
        query: wit::SandboxQuery,
    ) -> Result<Vec<wit::Sandbox>, wit::Error> {
        let shared = shared(accessor);
        let result = shared
            .calls
            .store
            .count(shared.store.list_sandboxes(query.into()))
            .await;
        result
            .map(|all| all.into_iter().map(Into::into).collect())
            .map_err(Into::into)
    }

    async fn change_intent(
        accessor: &Accessor<T, Self>,
        id: String,
        expected_generation: u64,
        desired: String,
        job_id: String,
        kind: wit::JobKind,
        payload: String,
        now: u64,
    ) -> Result<wit::Sandbox, wit::Error> {
        let shared = shared(accessor);
        let result = shared
            .calls
            .store
            .count(
                shared
                    .store
                    .change_intent(id, expected_generation, desired, job_id, kind.into(), payload, now),
            )
            .await;
        result.map(Into::into).map_err(Into::into)
    }

    async fn change_settings(
        accessor: &Accessor<T, Self>,
        organization: String,
        id_or_name: String,
        settings: wit::Settings,
        now: u64,
    ) -> Result<wit::Sandbox, wit::Error> {
        let shared = shared(accessor);
        let result = shared
            .calls
            .store
            .count(
                shared
                    .store
                    .change_settings(organization, id_or_name, settings.into(), now),
            )
            .await;
        result.map(Into::into).map_err(Into::into)
    }

    async fn changes(
        accessor: &Accessor<T, Self>,
        organization: String,
        after: u64,
        limit: u32,
    ) -> Result<Vec<wit::Sandbox>, wit::Error> {
        let shared = shared(accessor);
        let result = shared
            .calls
            .store
            .count(shared.store.changes(organization, after, limit))
            .await;
        result
            .map(|all| all.into_iter().map(Into::into).collect())
            .map_err(Into::into)
    }

    async fn claim_jobs(
        accessor: &Accessor<T, Self>,
        runner: String,
        limit: u32,
        now: u64,
        lease: u64,
    ) -> Result<Vec<wit::Job>, wit::Error> {
        let shared = shared(accessor);
        let result = shared
            .calls
            .store
            .count(shared.store.claim_jobs(runner, limit, now, lease))
            .await;
        result
            .map(|all| all.into_iter().map(Into::into).collect())
            .map_err(Into::into)
    }

    async fn report(
        accessor: &Accessor<T, Self>,
        runner: String,
        observations: Vec<wit::Observation>,
        health: Option<wit::Health>,
        now: u64,
    ) -> Result<Vec<wit::Sandbox>, wit::Error> {
        let shared = shared(accessor);
        let result = shared
            .calls
            .store
            .count(shared.store.report(
                runner,
                observations.into_iter().map(Into::into).collect(),
                health.map(Into::into),
                now,
            ))
            .await;
        result
            .map(|all| all.into_iter().map(Into::into).collect())
            .map_err(Into::into)
    }

    async fn runner_sandboxes(accessor: &Accessor<T, Self>, runner: String) -> Result<Vec<wit::Sandbox>, wit::Error> {
        let shared = shared(accessor);
        let result = shared.calls.store.count(shared.store.runner_sandboxes(runner)).await;
        result
            .map(|all| all.into_iter().map(Into::into).collect())
            .map_err(Into::into)
    }
}
