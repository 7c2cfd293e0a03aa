//! The exported functions: from the contract's types to the verbs and back.

use sandbar_store::verbs;

use crate::{
    Component,
    bindings::exports::sandbar::store::store::{
        BootstrapFacts, Error, Guest, Health, Identity, Job, JobKind, Millis, Observation, Organization, Region,
        Runner, Sandbox, SandboxQuery, Settings,
    },
    connection::with,
};

/// Runs `verbs::$verb(connection, arguments..)`; the arguments are used again if another writer was in the way.
macro_rules! verb {
    ($verb:ident $(, $argument:expr)*) => {
        with(|mut sql| async {
            let done = verbs::$verb(&mut sql $(, $argument)*).await;
            (done, sql)
        })
        .await
        .map_err(Error::from)
    };
}

/// Each element by `From`.
fn all<A, B: From<A>>(list: Vec<A>) -> Vec<B> {
    list.into_iter().map(B::from).collect()
}

impl Guest for Component {
    async fn bootstrap(facts: BootstrapFacts) -> Result<(), Error> {
        let facts = facts.into();
        verb!(bootstrap, &facts)
    }

    async fn authenticate(credential_hash: String) -> Result<Option<Identity>, Error> {
        verb!(authenticate, &credential_hash).map(|found| found.map(Identity::from))
    }

    async fn get_organization(id: String) -> Result<Organization, Error> {
        verb!(get_organization, &id).map(Organization::from)
    }

    async fn list_regions(organization: String) -> Result<Vec<Region>, Error> {
        verb!(list_regions, &organization).map(all)
    }

    async fn create_region(region: Region) -> Result<(), Error> {
        let region = region.into();
        verb!(create_region, &region)
    }

    async fn delete_region(id: String) -> Result<(), Error> {
        verb!(delete_region, &id)
    }

    async fn create_runner(runner: Runner, token_hash: String, replace: bool) -> Result<Runner, Error> {
        let runner = runner.into();
        verb!(create_runner, &runner, &token_hash, replace).map(Runner::from)
    }

    async fn list_runners(region: Option<String>, organization: Option<String>) -> Result<Vec<Runner>, Error> {
        verb!(list_runners, region.as_deref(), organization.as_deref()).map(all)
    }

    async fn get_runner(id: String) -> Result<Runner, Error> {
        verb!(get_runner, &id).map(Runner::from)
    }

    async fn set_runner_flags(
        id: String,
        unschedulable: Option<bool>,
        draining: Option<bool>,
        now: Millis,
    ) -> Result<Runner, Error> {
        verb!(set_runner_flags, &id, unschedulable, draining, now).map(Runner::from)
    }

    async fn delete_runner(id: String) -> Result<(), Error> {
        verb!(delete_runner, &id)
    }

    async fn placement_window(region: String, seed: u64, limit: u32) -> Result<Vec<Runner>, Error> {
        verb!(placement_window, &region, seed, limit).map(all)
    }

    async fn create_sandbox(
        sandbox: Sandbox,
        runner: String,
        job_id: String,
        payload: String,
    ) -> Result<Sandbox, Error> {
        let sandbox = sandbox.into();
        verb!(create_sandbox, &sandbox, &runner, &job_id, &payload).map(Sandbox::from)
    }

    async fn get_sandbox(organization: String, id_or_name: String) -> Result<Sandbox, Error> {
        verb!(get_sandbox, &organization, &id_or_name).map(Sandbox::from)
    }

    async fn list_sandboxes(query: SandboxQuery) -> Result<Vec<Sandbox>, Error> {
        let query = query.into();
        verb!(list_sandboxes, &query).map(all)
    }

    async fn change_intent(
        id: String,
        expected_generation: u64,
        desired: String,
        job_id: String,
        kind: JobKind,
        payload: String,
        now: Millis,
    ) -> Result<Sandbox, Error> {
        let kind = kind.into();
        verb!(
            change_intent,
            &id,
            expected_generation,
            &desired,
            &job_id,
            kind,
            &payload,
            now
        )
        .map(Sandbox::from)
    }

    async fn change_settings(
        organization: String,
        id_or_name: String,
        settings: Settings,
        now: Millis,
    ) -> Result<Sandbox, Error> {
        let settings = settings.into();
        verb!(change_settings, &organization, &id_or_name, &settings, now).map(Sandbox::from)
    }

    async fn changes(organization: String, after: u64, limit: u32) -> Result<Vec<Sandbox>, Error> {
        verb!(changes, &organization, after, limit).map(all)
    }

    async fn claim_jobs(runner: String, limit: u32, now: Millis, lease: Millis) -> Result<Vec<Job>, Error> {
        verb!(claim_jobs, &runner, limit, now, lease).map(all)
    }

    async fn report(
        runner: String,
        observations: Vec<Observation>,
        health: Option<Health>,
        now: Millis,
    ) -> Result<Vec<Sandbox>, Error> {
        let observations = all(observations);
        let health = health.map(sandbar_store::Health::from);
        verb!(report, &runner, &observations, health.as_ref(), now).map(all)
    }

    async fn runner_sandboxes(runner: String) -> Result<Vec<Sandbox>, Error> {
        verb!(runner_sandboxes, &runner).map(all)
    }
}
