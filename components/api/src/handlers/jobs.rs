//! Jobs, as runners fetch and end them.

use super::{Context, observe, report, sandboxes, snapshots, wait};
use crate::contracts::signals;
use crate::contracts::store::{self, JobKind, Sandbox};
use crate::dto::{self, JobPage, JobView, Jobs, Paginated, UpdateJob, job_id, job_type};
use crate::http::{Problem, Reply};
use crate::service::now;

/// Seconds that a poll may last, and lasts if the runner does not say.
const POLL_MOST: u64 = 60;
const POLL: u64 = 30;
/// Jobs of one poll.
const JOBS_MOST: u32 = 100;
const JOBS: u32 = 10;
/// A job without an end for this long is handed out again: its runner, or its report, got lost. Jobs take
/// milliseconds, and runners know them again.
const LEASE: u64 = 20_000;
/// How long a poll relies on being woken before it looks again, for jobs whose lease is over.
const LOOK_AGAIN: u64 = 10_000;

pub(super) async fn poll(context: Context<'_>) -> Result<Reply, Problem> {
    let runner = context.caller.subject.clone();
    let query = &context.call.query;
    let seconds = query.parsed::<u64>("timeout")?.unwrap_or(POLL);
    let limit = query.parsed::<u32>("limit")?.unwrap_or(JOBS);
    if seconds > POLL_MOST || !(1..=JOBS_MOST).contains(&limit) {
        return Err(Problem::BadRequest(format!(
            "timeout is 0 to {POLL_MOST} seconds, limit 1 to {JOBS_MOST}"
        )));
    }
    let deadline = context.call.now.saturating_add(seconds * 1_000);
    let key = wait::of_runner(&runner);
    let attached = wait::of_attachment(&runner);
    let since = signals::current(attached.clone()).await;
    loop {
        // Before the facts: a job committed after them changes the number.
        let seen = signals::current(key.clone()).await;
        let moment = now();
        // A poll may outlive its process, whose end nobody here notices: jobs handed to it would be lost until their lease
        // is over. One that is not so old just asks again.
        if signals::current(attached.clone()).await != since {
            return Reply::ok(&Jobs { jobs: Vec::new() });
        }
        let jobs = store::claim_jobs(runner.clone(), limit, moment, LEASE).await?;
        if !jobs.is_empty() || moment >= deadline {
            for job in &jobs {
                let waited = moment.saturating_sub(job.created) as f64 / 1_000.0;
                observe::record("sandbar_job_wait_seconds", &[("type", job_type(job.kind))], waited);
            }
            let jobs = jobs.into_iter().map(|job| JobView::handed_out(job, moment)).collect();
            return Reply::ok(&Jobs { jobs });
        }
        signals::wait(key.clone(), seen, deadline.min(moment + LOOK_AGAIN)).await;
    }
}

/// The job that is open for a sandbox, by its intent.
fn open(it: &Sandbox) -> Option<(JobKind, &'static str)> {
    let kind = match (it.state.as_str(), it.desired.as_str()) {
        (_, "destroyed") => JobKind::DestroySandbox,
        ("creating", _) => JobKind::CreateSandbox,
        (state, desired) if state == desired || state == "error" => return None,
        (_, "started") => JobKind::StartSandbox,
        (_, "stopped") => JobKind::StopSandbox,
        _ => return None,
    };
    Some((kind, "IN_PROGRESS"))
}

/// Open jobs of the runner. Ended ones are not kept: what they led to is the state of the sandbox.
pub(super) async fn list(context: Context<'_>) -> Result<Reply, Problem> {
    let query = &context.call.query;
    let limit = dto::limit(query)?;
    let page = query.parsed::<usize>("page")?.unwrap_or(1).max(1);
    let wanted = query.get("status").unwrap_or("IN_PROGRESS");
    if !["PENDING", "IN_PROGRESS", "COMPLETED", "FAILED"].contains(&wanted) {
        return Err(Problem::BadRequest(format!("status: {wanted:?} is none")));
    }
    let rows = store::runner_sandboxes(context.caller.subject.clone()).await?;
    let jobs = rows.iter().filter_map(|it| {
        let (kind, status) = open(it)?;
        (status == wanted).then(|| {
            let id = job_id(&it.id, it.generation, kind);
            JobView::updated(&id, &it.id, job_type(kind), status, it.updated)
        })
    });
    let cut = Paginated::cut(jobs.collect(), page, usize::try_from(limit).unwrap_or(1));
    Reply::ok(&JobPage {
        items: cut.items,
        total: cut.total,
        page: cut.page,
        total_pages: cut.total_pages,
    })
}

/// A job of the caller's by its id, with its status: that of the newest intent of its sandbox. 404 for older ones.
async fn named(context: Context<'_>) -> Result<(JobView, &'static str), Problem> {
    let id = context.params.at(0);
    let not_found = || Problem::NotFound(format!("job {id} not found"));
    let (sandbox, generation, kind, _) = dto::read_job_id(id).ok_or_else(not_found)?;
    let it = match sandboxes::any(context, sandbox).await {
        Ok(it) if it.generation == generation => it,
        Ok(_) | Err(Problem::NotFound(_)) => return Err(not_found()),
        Err(problem) => return Err(problem),
    };
    let status = match open(&it) {
        Some((_, status)) => status,
        None if it.state == "error" => "FAILED",
        None => "COMPLETED",
    };
    Ok((JobView::updated(id, sandbox, kind, status, it.updated), status))
}

pub(super) async fn get(context: Context<'_>) -> Result<Reply, Problem> {
    Reply::ok(&named(context).await?.0)
}

/// A job that has ended stays as it ended: the same again is fine, another end is not.
pub(super) async fn end(context: Context<'_>) -> Result<Reply, Problem> {
    let id = context.params.at(0);
    if dto::is_task(id) {
        return snapshots::end(context, report::process(context)?).await;
    }
    let (status, observation) = dto::outcome(id, context.call.json::<UpdateJob>()?)?;
    let (view, now_is) = named(context).await?;
    let ended = now_is != "IN_PROGRESS";
    if ended && now_is != status && !id.ends_with(".update") {
        return Err(Problem::Conflict(format!("job {id} is {now_is} already")));
    }
    report::take(context, observation.into_iter().collect(), None).await?;
    Reply::ok(&view.with_status(status))
}
