//! What each route does. One file for each resource.

mod access;
mod auth;
mod bootstrap;
mod create;
mod fleet;
mod intents;
mod jobs;
mod observe;
mod random;
mod regions;
mod runners;
mod sandboxes;
mod settings;
mod system;
mod wait;

use crate::http::{Call, Found, Params, Problem, Reply, Route, find};
use settings::Settings;

/// A call with what handlers need beside it.
#[derive(Clone, Copy)]
struct Context<'a> {
    call: &'a Call,
    params: &'a Params,
    settings: &'a Settings,
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
    if found.route == Route::Health {
        return system::health();
    }
    let settings = settings::get().await?;
    bootstrap::ensure(settings, call.now).await?;
    let context = Context {
        call,
        params: &found.params,
        settings,
    };
    match found.route {
        Route::Metrics => Ok(system::metrics().await),
        Route::Health => system::health(),
        Route::Ready => system::ready(),
        Route::Config => system::config(context),
        Route::CreateSandbox => create::create(context).await,
        Route::ListSandboxes => sandboxes::list(context).await,
        Route::PaginateSandboxes => sandboxes::paginate(context).await,
        Route::GetSandbox => sandboxes::get(context).await,
        Route::ToolboxProxyUrl => sandboxes::toolbox_proxy_url(context).await,
        Route::DeleteSandbox => intents::delete(context).await,
        Route::StartSandbox | Route::RecoverSandbox => intents::start(context).await,
        Route::StopSandbox => intents::stop(context).await,
        Route::SetLabels => sandboxes::set_labels(context).await,
        Route::SetPublic => sandboxes::set_public(context).await,
        Route::SetAutoStop => sandboxes::set_auto_stop(context).await,
        Route::SetAutoArchive => sandboxes::set_auto_archive(context).await,
        Route::SetAutoDelete => sandboxes::set_auto_delete(context).await,
        Route::TouchSandbox => sandboxes::touch(context).await,
        Route::SharedRegions => regions::shared().await,
        Route::ListRegions => regions::list(context).await,
        Route::CreateRegion => regions::create(context).await,
        Route::GetRegion => regions::get(context).await,
        Route::DeleteRegion => regions::delete(context).await,
        Route::ListRunners => runners::list(context).await,
        Route::CreateRunner => runners::create(context).await,
        Route::GetRunner => runners::get(context).await,
        Route::DeleteRunner => runners::delete(context).await,
        Route::SetScheduling => runners::set_scheduling(context).await,
        Route::SetDraining => runners::set_draining(context).await,
        Route::OwnRunner => runners::own(context).await,
        Route::OwnSandboxes => jobs::own_sandboxes(context).await,
        Route::Healthcheck => jobs::healthcheck(context).await,
        Route::Report => jobs::report(context).await,
        Route::PollJobs => jobs::poll(context).await,
        Route::EndJob => jobs::end(context).await,
        Route::Access => access::access(context).await,
        Route::Identity => access::identity(context).await,
        Route::Changes => access::changes(context).await,
        Route::Activity => access::activity(context).await,
    }
}
