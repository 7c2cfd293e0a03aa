//! Reading and listing sandboxes, and their settings.

use super::{Context, auth, wait};
use crate::contracts::signals;
use crate::contracts::store::{self, Sandbox, SandboxQuery, Settings};
use crate::dto::{self, Labels, Listing, Page, Paginated, SandboxItem, SandboxView, Url};
use crate::http::{Problem, Reply};
use crate::rules::{permissions, text};

/// Pages read for one numbered page, which needs the total. Beyond 10,000 sandboxes callers use cursors.
const PAGES: usize = 50;
/// Activity is written at most this often: it drives intervals of minutes, and each write is a sync.
const TOUCH_EVERY: u64 = 5_000;

/// A change of nothing.
const NOTHING: Settings = Settings {
    labels: None,
    public: None,
    auto_stop: None,
    auto_delete: None,
    auto_archive: None,
    last_activity: None,
};

fn view(context: Context<'_>, it: &Sandbox) -> Result<Reply, Problem> {
    Reply::ok(&SandboxView::new(it, &context.settings.toolbox_proxy_url))
}

async fn named(context: Context<'_>) -> Result<Sandbox, Problem> {
    let user = auth::user(context).await?;
    Ok(store::get_sandbox(user.organization, context.params.at(0).to_owned()).await?)
}

pub(super) async fn get(context: Context<'_>) -> Result<Reply, Problem> {
    view(context, &named(context).await?)
}

pub(super) async fn toolbox_proxy_url(context: Context<'_>) -> Result<Reply, Problem> {
    named(context).await?;
    Reply::ok(&Url {
        url: context.settings.toolbox_proxy_url.clone(),
    })
}

pub(super) async fn list(context: Context<'_>) -> Result<Reply, Problem> {
    let user = auth::user(context).await?;
    let listing = Listing::read(&user.organization, &context.call.query)?;
    let rows = store::list_sandboxes(listing.query.clone()).await?;
    let base = &context.settings.toolbox_proxy_url;
    let passing = rows.iter().filter(|row| listing.filter.passes(row));
    Reply::ok(&Page {
        items: passing.map(|row| SandboxItem::new(row, base)).collect(),
        next_cursor: listing.next(&rows),
    })
}

/// Deprecated, but some clients still call it: pages by number, which means reading all pages before.
pub(super) async fn paginate(context: Context<'_>) -> Result<Reply, Problem> {
    let user = auth::user(context).await?;
    let limit = dto::limit(&context.call.query)?;
    let page = match context.call.query.parsed::<usize>("page")? {
        Some(0) => return Err(Problem::BadRequest("page: 0 is not at least 1".to_owned())),
        page => page.unwrap_or(1),
    };
    let listing = Listing::read(&user.organization, &context.call.query)?;
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
        all.extend(rows.into_iter().filter(|row| listing.filter.passes(row)));
        if last {
            break;
        }
    }
    let base = &context.settings.toolbox_proxy_url;
    let cut = Paginated::cut(all, page, usize::try_from(limit).unwrap_or(1));
    Reply::ok(&cut.map(|row| SandboxView::new(&row, base)))
}

/// Changes settings and tells who watches.
async fn change(context: Context<'_>, settings: Settings) -> Result<Sandbox, Problem> {
    let user = auth::user_who(context, permissions::WRITE_SANDBOXES).await?;
    let sandbox = context.params.at(0).to_owned();
    let changed = store::change_settings(user.organization, sandbox, settings, context.call.now).await?;
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
    view(
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
}

pub(super) async fn set_auto_stop(context: Context<'_>) -> Result<Reply, Problem> {
    let value = dto::interval("autoStopInterval", minutes(context)?)?;
    view(
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
}

pub(super) async fn set_auto_archive(context: Context<'_>) -> Result<Reply, Problem> {
    let value = dto::auto_archive(minutes(context)?)?;
    view(
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
}

pub(super) async fn set_auto_delete(context: Context<'_>) -> Result<Reply, Problem> {
    let value = dto::auto_delete(minutes(context)?)?;
    view(
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
}

pub(super) async fn touch(context: Context<'_>) -> Result<Reply, Problem> {
    let user = auth::user(context).await?;
    record_activity(user.organization, context.params.at(0), context.call.now).await?;
    Ok(Reply::empty(201))
}

/// Notes that somebody works with a sandbox. It concerns nobody else, so nobody is woken.
pub(super) async fn record_activity(organization: String, sandbox: &str, now: u64) -> Result<(), Problem> {
    let it = store::get_sandbox(organization, sandbox.to_owned()).await?;
    if now.saturating_sub(it.last_activity) >= TOUCH_EVERY {
        store::change_settings(
            it.organization,
            it.id,
            Settings {
                last_activity: Some(now),
                ..NOTHING
            },
            now,
        )
        .await?;
    }
    Ok(())
}
