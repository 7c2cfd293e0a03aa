//! What each route does. One file for each resource.

mod access;
mod auth;
mod backups;
mod bootstrap;
mod builds;
mod create;
mod decisions;
mod fleet;
mod fork;
mod grants;
mod intents;
mod jobs;
mod keys;
mod members;
mod network;
mod observe;
mod organizations;
mod previews;
mod quotas;
mod random;
mod regions;
mod report;
mod resize;
mod roles;
mod runners;
mod sandboxes;
mod services;
mod settings;
mod snapshots;
mod system;
mod tick;
mod users;
mod views;
mod volumes;
mod wait;

use crate::http::{Call, Found, Params, Problem, Reply, Route, find};
use auth::Caller;
use settings::Settings;

/// A call with what handlers need beside it.
#[derive(Clone, Copy)]
struct Context<'a> {
    call: &'a Call,
    params: &'a Params,
    settings: &'a Settings,
    /// Already let in by the table of routes.
    caller: &'a Caller,
}

/// Answers a call.
pub(crate) async fn answer(call: &Call) -> Reply {
    let found = match find(call.method, &call.path) {
        Ok(found) => found,
        Err(problem) => return refuse(call, &problem),
    };
    let timer = observe::Timer::start();
    let reply = match dispatch(call, &found).await {
        Ok(reply) => reply,
        Err(problem) => refuse(call, &problem),
    };
    observe::request(found.pattern, call.method, reply.status, &timer);
    observe::flush().await;
    reply
}

/// The answer to a call that fails.
pub(crate) fn refuse(call: &Call, problem: &Problem) -> Reply {
    if let Problem::Internal(text) = problem {
        // Standard error is the component's log.
        eprintln!("{} {}: {text}", call.method.name(), call.path);
    }
    Reply {
        status: problem.status(),
        media_type: Some("application/json"),
        body: problem.body(&call.path, call.now),
    }
}

async fn dispatch(call: &Call, found: &Found) -> Result<Reply, Problem> {
    // Probes must not depend on anything.
    match found.route {
        Route::Health => return system::health(),
        Route::OpenApi => return system::open_api(),
        _ => {}
    }
    let settings = settings::get().await?;
    bootstrap::ensure(settings, call.now).await?;
    let caller = auth::caller(call, settings, found.access).await?;
    let context = Context {
        call,
        params: &found.params,
        settings,
        caller: &caller,
    };
    route(found.route, context).await
}

async fn route(route: Route, context: Context<'_>) -> Result<Reply, Problem> {
    match route {
        Route::Metrics => Ok(system::metrics().await),
        Route::Health => system::health(),
        Route::Ready => system::ready(),
        Route::Config => system::config(context),
        Route::OpenApi => system::open_api(),

        Route::CreateSandbox => create::create(context).await,
        Route::ListSandboxes => sandboxes::list(context).await,
        Route::PaginateSandboxes => sandboxes::paginate(context).await,
        Route::ForRunner => report::for_runner(context).await,
        Route::GetSandbox => sandboxes::get(context).await,
        Route::DeleteSandbox => intents::delete(context).await,
        Route::StartSandbox => intents::start(context).await,
        Route::StopSandbox => intents::stop(context).await,
        Route::RecoverSandbox => intents::recover(context).await,
        Route::ResizeSandbox => resize::resize(context).await,
        Route::ForkSandbox => fork::fork(context).await,
        Route::SnapshotSandbox => snapshots::of_sandbox(context).await,
        Route::ArchiveSandbox => backups::archive(context).await,
        Route::BackupSandbox => backups::backup(context).await,
        Route::SandboxBuildLogs => snapshots::sandbox_build_logs(context).await,
        Route::Forks => fork::forks(context).await,
        Route::Parent => fork::parent(context).await,
        Route::Ancestors => fork::ancestors(context).await,
        Route::Placement => decisions::of_sandbox(context).await,
        Route::SetLabels => sandboxes::set_labels(context).await,
        Route::SetPublic => sandboxes::set_public(context).await,
        Route::SetAutoStop => sandboxes::set_auto_stop(context).await,
        Route::SetAutoArchive => sandboxes::set_auto_archive(context).await,
        Route::SetAutoDelete => sandboxes::set_auto_delete(context).await,
        Route::SetNetwork => network::set(context).await,
        Route::SetState => report::set_state(context).await,
        Route::TouchSandbox => sandboxes::touch(context).await,
        Route::ToolboxProxyUrl => sandboxes::toolbox_proxy_url(context).await,
        Route::SandboxOrganization => sandboxes::organization(context).await,
        Route::SandboxQuota => quotas::of_sandbox(context).await,
        Route::PreviewUrl => previews::url(context).await,
        Route::SignPreview => previews::sign(context).await,
        Route::ExpirePreview => previews::expire(context).await,
        Route::GrantSsh => grants::grant(context).await,
        Route::RevokeSsh => grants::revoke(context).await,
        Route::ValidateSshAccess => grants::validate(context).await,

        Route::ListSnapshots => snapshots::list(context).await,
        Route::CreateSnapshot => snapshots::create(context).await,
        Route::GetSnapshot => snapshots::get(context).await,
        Route::DeleteSnapshot => snapshots::delete(context).await,
        Route::ActivateSnapshot => snapshots::activate(context).await,
        Route::DeactivateSnapshot => snapshots::deactivate(context).await,
        Route::SnapshotBuildLogs => snapshots::build_logs(context).await,
        Route::ListVolumes => volumes::list(context).await,
        Route::CreateVolume => volumes::create(context).await,
        Route::GetVolume | Route::VolumeByName => volumes::get(context).await,
        Route::DeleteVolume => volumes::delete(context).await,

        Route::PreviewPublic => previews::public(context).await,
        Route::PreviewAccess => previews::access(context).await,
        Route::PreviewWarning => previews::warning(context).await,
        Route::PreviewValidate => previews::validate(context).await,
        Route::PreviewSandbox => previews::sandbox(context).await,

        Route::SharedRegions => regions::shared().await,
        Route::ListRegions => regions::list(context).await,
        Route::CreateRegion => regions::create(context).await,
        Route::GetRegion => regions::get(context).await,
        Route::ChangeRegion => regions::change(context).await,
        Route::DeleteRegion => regions::delete(context).await,
        Route::RegenerateProxy => services::regenerate_proxy(context).await,
        Route::RegenerateGateway => services::regenerate_gateway(context).await,
        Route::RegenerateSnapshots => services::regenerate_snapshots(context).await,

        Route::ListRunners => runners::list(context).await,
        Route::CreateRunner | Route::AdminCreateRunner => runners::create(context).await,
        Route::OwnRunner => runners::own(context).await,
        Route::OwnSandboxes => report::own_sandboxes(context).await,
        Route::OwnSnapshots => runners::own_snapshots(context).await,
        Route::RunnersBySnapshot => runners::by_snapshot(context).await,
        Route::RunnerBySandbox => runners::by_sandbox(context).await,
        Route::Attach => report::attach(context).await,
        Route::Healthcheck => report::healthcheck(context).await,
        Route::Report => report::report(context).await,
        Route::GetRunner | Route::AdminRunner => runners::get(context).await,
        Route::GetRunnerFull => runners::full(context).await,
        Route::DeleteRunner | Route::AdminDeleteRunner => runners::delete(context).await,
        Route::SetScheduling | Route::AdminScheduling => runners::set_scheduling(context).await,
        Route::SetDraining => runners::set_draining(context).await,
        Route::RotateToken => runners::rotate(context).await,
        Route::AdminRunners => runners::all(context).await,

        Route::ListJobs => jobs::list(context).await,
        Route::PollJobs => jobs::poll(context).await,
        Route::GetJob => jobs::get(context).await,
        Route::EndJob => jobs::end(context).await,

        Route::ListKeys => keys::list(context).await,
        Route::CreateKey => keys::create(context).await,
        Route::CurrentKey => keys::current(context).await,
        Route::GetKey => keys::get(context).await,
        Route::DeleteKey => keys::delete(context).await,
        Route::DeleteKeyOf => keys::delete_of(context).await,
        Route::Me => users::me(context).await,

        Route::ListOrganizations => organizations::list(context).await,
        Route::CreateOrganization => organizations::create(context).await,
        Route::GetOrganization => organizations::get(context).await,
        Route::DeleteOrganization => organizations::delete(context).await,
        Route::SetDefaultRegion => organizations::set_default_region(context).await,
        Route::Suspend => organizations::suspend(context).await,
        Route::Unsuspend => organizations::unsuspend(context).await,
        Route::Usage => quotas::usage(context).await,
        Route::SetLimits => quotas::set_limits(context).await,
        Route::PutQuota | Route::AddQuota => quotas::put(context, route == Route::AddQuota).await,
        Route::GetQuota => quotas::get(context).await,
        Route::DeleteQuota => quotas::delete(context).await,
        Route::Leave => members::leave(context).await,
        Route::ListMembers => members::list(context).await,
        Route::SetAccess => members::set_access(context).await,
        Route::RemoveMember => members::remove(context).await,
        Route::ListRoles => roles::list(context).await,
        Route::CreateRole => roles::create(context).await,
        Route::ChangeRole => roles::change(context).await,
        Route::DeleteRole => roles::delete(context).await,

        Route::CreateUser => users::create(context).await,
        Route::ListUsers => users::list().await,
        Route::GetUser => users::get(context).await,
        Route::AdminRegions => regions::all().await,
        Route::AdminCreateRegion => regions::create_platform(context).await,
        Route::AdminChangeRegion => regions::change_any(context).await,
        Route::AdminDeleteRegion => regions::delete_any(context).await,
        Route::Decisions => decisions::journal(context).await,
        Route::Invariants => system::invariants().await,

        Route::Access => access::access(context).await,
        Route::Preview => access::preview(context).await,
        Route::RunnerAccess => access::runner(context).await,
        Route::Identity => access::identity(context).await,
        Route::Links => access::links(context).await,
        Route::Tick => tick::tick(context).await,
        Route::Changes => access::changes(context).await,
        Route::Activity => access::activity(context).await,
    }
}
