//! Reading and listing sandboxes, and their settings.

use super::{Context, views, wait};
use crate::contracts::signals;
use crate::contracts::store::{self, Principal, Sandbox, SandboxQuery, Settings};
use crate::dto::{self, Labels, Listing, OrganizationView, Page, Paginated, SandboxView, Url};
use crate::http::{Problem, Reply};
use crate::rules::text;

/// Pages read for one numbered page, which needs the total. Beyond 10,000 sandboxes callers use cursors.
const PAGES: usize = 50;
/// Activity is written at most this often: it drives intervals of minutes, and each write is a sync.
const TOUCH_EVERY: u64 = 5_000;

/// A change of nothing.
pub(super) const NOTHING: Settings = Settings {
    labels: None,
    public: None,
    auto_stop: None,
    auto_delete: None,
    auto_archive: None,
    last_activity: None,
    network_block_all: None,
    network_allow_list: None,
    domain_allow_list: None,
    env: None,
    auth_token: None,
};

/// The sandbox of the path, of the caller's organization.
pub(super) async fn named(context: Context<'_>) -> Result<Sandbox, Problem> {
    let organization = context.caller.organization.clone();
    Ok(store::get_sandbox(organization, context.params.at(0).to_owned()).await?)
}

/// A sandbox by its id, whoever's it is, for machines and operators: a runner sees its own, a region's services and
/// fronts what is in the region. 404 for others.
pub(super) async fn any(context: Context<'_>, id: &str) -> Result<Sandbox, Problem> {
    let it = store::get_sandbox(String::new(), id.to_owned()).await?;
    let theirs =
        context.caller.principal != Some(Principal::Runner) || it.runner.as_ref() == Some(&context.caller.subject);
    if theirs && context.caller.sees_region(&it.region) {
        Ok(it)
    } else {
        Err(Problem::NotFound(format!("sandbox {id} not found")))
    }
}

/// The sandbox of the path, for users and machines.
pub(super) async fn seen(context: Context<'_>) -> Result<Sandbox, Problem> {
    if !context.caller.is_user() {
        return any(context, context.params.at(0)).await;
    }
    let it = named(context).await?;
    if context.caller.sees_region(&it.region) {
        Ok(it)
    } else {
        Err(Problem::NotFound(format!("sandbox {} not found", context.params.at(0))))
    }
}

pub(super) async fn get(context: Context<'_>) -> Result<Reply, Problem> {
    views::one(context, &seen(context).await?).await
}

/// Whose the sandbox is, for services.
pub(super) async fn organization(context: Context<'_>) -> Result<Reply, Problem> {
    let it = seen(context).await?;
    let organization = store::get_organization(it.organization).await?;
    Reply::ok(&OrganizationView::new(&organization, context.call.now))
}

pub(super) async fn toolbox_proxy_url(context: Context<'_>) -> Result<Reply, Problem> {
    let it = named(context).await?;
    Reply::ok(&Url {
        url: views::base(context, &it.region).await?,
    })
}

pub(super) async fn list(context: Context<'_>) -> Result<Reply, Problem> {
    let listing = Listing::read(&context.caller.organization, &context.call.query)?;
    let rows = store::list_sandboxes(listing.query.clone()).await?;
    let passing: Vec<&Sandbox> = rows.iter().filter(|row| listing.passes(row)).collect();
    Reply::ok(&Page {
        items: views::items(context, &passing).await?,
        next_cursor: listing.next(&rows),
    })
}

/// Everything that a listing asks for, at most what [`PAGES`] pages hold.
pub(super) async fn all(listing: &Listing) -> Result<Vec<Sandbox>, Problem> {
    let mut query = SandboxQuery {
        limit: 200,
        after: None,
        ..listing.query.clone()
    };
    let mut all = Vec::new();
    for _ in 0..PAGES {
        let rows = store::list_sandboxes(query.clone()).await?;
        let last = rows.len() < 200;
        if let Some(row) = rows.last() {
            query.after = Some(listing.position(row));
        }
        all.extend(rows.into_iter().filter(|row| listing.passes(row)));
        if last {
            break;
        }
    }
    Ok(all)
}

/// Deprecated, but some clients still call it: pages by number, which means reading all pages before.
pub(super) async fn paginate(context: Context<'_>) -> Result<Reply, Problem> {
    let limit = dto::limit(&context.call.query)?;
    let page = match context.call.query.parsed::<usize>("page")? {
        Some(0) => return Err(Problem::BadRequest("page: 0 is not at least 1".to_owned())),
        page => page.unwrap_or(1),
    };
    let listing = Listing::read(&context.caller.organization, &context.call.query)?;
    let all = all(&listing).await?;
    let bases = views::bases(context, &all).await?;
    let cut = Paginated::cut(all, page, usize::try_from(limit).unwrap_or(1));
    Reply::ok(&cut.map(|row| SandboxView::new(&row, &bases[&row.region])))
}

/// Changes settings and tells who watches.
async fn change(context: Context<'_>, settings: Settings) -> Result<Sandbox, Problem> {
    let sandbox = context.params.at(0).to_owned();
    let changed =
        store::change_settings(context.caller.organization.clone(), sandbox, settings, context.call.now).await?;
    signals::wake(wait::of_organization(&changed.organization)).await;
    Ok(changed)
}

fn minutes(context: Context<'_>) -> Result<i64, Problem> {
    let text = context.params.at(1);
    text.parse()
        .map_err(|_| Problem::BadRequest(format!("{text:?} is no number of minutes")))
}

pub(super) async fn set_labels(context: Context<'_>) -> Result<Reply, Problem> {
    let body: Labels = context.call.json()?;
    text::labels(&body.labels)?;
    let json = serde_json::to_string(&body.labels).map_err(|error| Problem::Internal(error.to_string()))?;
    change(
        context,
        Settings {
            labels: Some(json),
            ..NOTHING
        },
    )
    .await?;
    Reply::ok(&body)
}

pub(super) async fn set_public(context: Context<'_>) -> Result<Reply, Problem> {
    let public = match context.params.at(1) {
        "true" => true,
        "false" => false,
        other => return Err(Problem::BadRequest(format!("{other:?} is neither true nor false"))),
    };
    views::one(
        context,
        &change(
            context,
            Settings {
                public: Some(public),
                ..NOTHING
            },
        )
        .await?,
    )
    .await
}

pub(super) async fn set_auto_stop(context: Context<'_>) -> Result<Reply, Problem> {
    let value = dto::interval("autoStopInterval", minutes(context)?)?;
    views::one(
        context,
        &change(
            context,
            Settings {
                auto_stop: Some(value),
                ..NOTHING
            },
        )
        .await?,
    )
    .await
}

pub(super) async fn set_auto_archive(context: Context<'_>) -> Result<Reply, Problem> {
    let value = dto::auto_archive(minutes(context)?)?;
    views::one(
        context,
        &change(
            context,
            Settings {
                auto_archive: Some(value),
                ..NOTHING
            },
        )
        .await?,
    )
    .await
}

pub(super) async fn set_auto_delete(context: Context<'_>) -> Result<Reply, Problem> {
    let value = dto::auto_delete(minutes(context)?)?;
    views::one(
        context,
        &change(
            context,
            Settings {
                auto_delete: Some(value),
                ..NOTHING
            },
        )
        .await?,
    )
    .await
}

pub(super) async fn touch(context: Context<'_>) -> Result<Reply, Problem> {
    record_activity(seen(context).await?, context.call.now).await?;
    Ok(Reply::empty(201))
}

/// Notes that somebody works with a sandbox. It concerns nobody else, so nobody is woken.
pub(super) async fn record_activity(it: Sandbox, now: u64) -> Result<(), Problem> {
    if now.saturating_sub(it.last_activity) >= TOUCH_EVERY {
        let settings = Settings {
            last_activity: Some(now),
            ..NOTHING
        };
        store::change_settings(it.organization, it.id, settings, now).await?;
    }
    Ok(())
}
