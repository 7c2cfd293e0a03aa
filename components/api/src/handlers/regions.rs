//! Regions.

use super::{Context, auth, random};
use crate::contracts::region::{self, Caller, Kind};
use crate::contracts::store::{self, Organization, Region, RegionKind};
use crate::dto::{CreateRegion, CreatedRegion, RegionView};
use crate::http::{Problem, Reply};
use crate::rules::permissions;

/// Ids tried for a new region; the random part rarely meets an existing one.
const ATTEMPTS: u32 = 4;

/// A region as the rules take it.
pub(super) fn fact(it: &Region) -> region::Region {
    region::Region {
        id: it.id.clone(),
        name: it.name.clone(),
        kind: match it.kind {
            RegionKind::Shared => Kind::Shared,
            RegionKind::Dedicated => Kind::Dedicated,
            RegionKind::Custom => Kind::Custom,
        },
        organization: it.organization.clone(),
        enforce_quotas: it.enforce_quotas,
    }
}

/// An organization as the rules take it.
pub(super) fn caller(it: &Organization) -> Caller {
    Caller {
        organization: it.id.clone(),
        default_region: it.default_region.clone(),
    }
}

fn not_found(id: &str) -> Problem {
    Problem::NotFound(format!("region {id} not found"))
}

/// The regions that an organization may see, in the order in which they are shown.
pub(super) async fn visible(organization: &str) -> Result<Vec<Region>, Problem> {
    let known = store::list_regions(organization.to_owned()).await?;
    let facts: Vec<region::Region> = known.iter().map(fact).collect();
    let caller = Caller {
        organization: organization.to_owned(),
        default_region: None,
    };
    let order = region::visible(&caller, &facts);
    let find = |id: &str| known.iter().find(|region| region.id == id).cloned();
    Ok(order.iter().filter_map(|region| find(&region.id)).collect())
}

/// A custom region of this organization; 404 for any other.
async fn own(organization: &str, id: &str) -> Result<Region, Problem> {
    let seen = visible(organization).await?;
    let own = |it: &Region| it.kind == RegionKind::Custom && it.organization.as_deref() == Some(organization);
    seen.into_iter()
        .find(|it| it.id == id && own(it))
        .ok_or_else(|| not_found(id))
}

pub(super) async fn shared() -> Result<Reply, Problem> {
    // Nobody's organization sees the shared ones only.
    let seen = visible("").await?;
    Reply::ok(&seen.iter().map(RegionView::from).collect::<Vec<_>>())
}

pub(super) async fn list(context: Context<'_>) -> Result<Reply, Problem> {
    let user = auth::user(context).await?;
    let seen = visible(&user.organization).await?;
    Reply::ok(&seen.iter().map(RegionView::from).collect::<Vec<_>>())
}

pub(super) async fn get(context: Context<'_>) -> Result<Reply, Problem> {
    let user = auth::user(context).await?;
    let id = context.params.at(0);
    let seen = visible(&user.organization).await?;
    let found = seen
        .iter()
        .find(|region| region.id == id)
        .ok_or_else(|| not_found(id))?;
    Reply::ok(&RegionView::from(found))
}

pub(super) async fn create(context: Context<'_>) -> Result<Reply, Problem> {
    let user = auth::user_who(context, permissions::WRITE_REGIONS).await?;
    let body: CreateRegion = context.call.json()?;
    body.check()?;
    region::check_name(&body.name)?;
    for _ in 0..ATTEMPTS {
        let id = region::custom_id(&body.name, random::seed()?);
        let made = store::create_region(Region {
            id: id.clone(),
            name: body.name.clone(),
            kind: RegionKind::Custom,
            organization: Some(user.organization.clone()),
            enforce_quotas: false,
            proxy_url: None,
            ssh_gateway_url: None,
            snapshot_manager_url: None,
            created: context.call.now,
            updated: context.call.now,
        })
        .await;
        match made {
            Ok(()) => return Reply::json(201, &CreatedRegion { id }),
            // The id of somebody's region, by chance.
            Err(store::Error::Taken(what)) if what == id => {}
            Err(store::Error::Taken(_)) => {
                return Err(Problem::Conflict(format!(
                    "a region named {} exists already",
                    body.name
                )));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Problem::Conflict(format!(
        "no free id for a region named {}; try again",
        body.name
    )))
}

pub(super) async fn delete(context: Context<'_>) -> Result<Reply, Problem> {
    let user = auth::user_who(context, permissions::DELETE_REGIONS).await?;
    let region = own(&user.organization, context.params.at(0)).await?;
    match store::delete_region(region.id).await {
        Ok(()) => Ok(Reply::empty(204)),
        Err(store::Error::Conflict(_)) => Err(Problem::BadRequest(format!(
            "region {} still has runners; remove them first",
            region.name
        ))),
        Err(error) => Err(error.into()),
    }
}
