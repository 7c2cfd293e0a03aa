//! Regions.

use super::{Context, organizations, quotas, random, services};
use crate::contracts::region::{self, Caller, Kind, Reachability, Refusal};
use crate::contracts::store::{self, Organization, Quota, Region, RegionKind, Runner, Totals};
use crate::dto::{self, ChangeRegion, CreateRegion, RegionView};
use crate::http::{Problem, Reply};

/// Ids tried for a new region; the random part rarely meets an existing one.
const ATTEMPTS: u32 = 4;
/// The policy of a region that names none.
const POLICY: &str = "spread";

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

/// What an organization is, to the rules, and the regions that there are for it.
pub(super) struct Known {
    pub(super) caller: Caller,
    pub(super) regions: Vec<Region>,
    /// Rows of totals; read only where some region holds to them.
    quotas: Vec<Quota>,
}

impl Known {
    /// Reads what the rules need. Rows of quotas matter only where some region enforces them.
    pub(super) async fn read(organization: &Organization) -> Result<Self, Problem> {
        let regions = store::list_regions(Some(organization.id.clone())).await?;
        let quotas = if regions.iter().any(|it| it.enforce_quotas) {
            store::list_quotas(organization.id.clone()).await?
        } else {
            Vec::new()
        };
        Ok(Self {
            caller: Caller {
                organization: organization.id.clone(),
                default_region: organization.default_region.clone(),
                quota_regions: quotas.iter().map(|row| row.region.clone()).collect(),
            },
            regions,
            quotas,
        })
    }

    /// The totals to hold in one of these regions, see [`quotas::totals`].
    pub(super) fn totals(&self, organization: &Organization, region: &Region) -> Result<Option<Totals>, Problem> {
        quotas::holding(organization, region, &self.quotas)
    }

    fn facts(&self) -> Vec<region::Region> {
        self.regions.iter().map(fact).collect()
    }

    fn of_id(&self, id: &str) -> Option<&Region> {
        self.regions.iter().find(|region| region.id == id)
    }

    /// The region that a target means.
    pub(super) fn resolve(&self, target: Option<&str>) -> Result<Region, Problem> {
        let id = region::resolve_target(&self.caller, target, &self.facts())?;
        self.of_id(&id).cloned().ok_or_else(|| not_found(&id))
    }

    /// The regions that the organization may see, in the order in which they are shown.
    pub(super) fn visible(&self) -> Vec<&Region> {
        let order = region::visible(&self.caller, &self.facts());
        order.iter().filter_map(|region| self.of_id(&region.id)).collect()
    }

    /// A region that may be seen; 404 for any other.
    pub(super) fn seen(&self, id: &str) -> Result<&Region, Problem> {
        let seen = self.visible().into_iter().find(|region| region.id == id);
        seen.ok_or_else(|| not_found(id))
    }

    /// A custom region of the organization: 404 for a foreign one, 403 for one of the platform.
    pub(super) fn own(&self, id: &str) -> Result<&Region, Problem> {
        let region = self.of_id(id).ok_or_else(|| not_found(id))?;
        region::check_own(&self.caller, &fact(region))?;
        Ok(region)
    }
}

pub(super) fn not_found(id: &str) -> Problem {
    Problem::NotFound(format!("region {id} not found"))
}

/// What there is for the caller.
pub(super) async fn known(context: Context<'_>) -> Result<Known, Problem> {
    Known::read(&organizations::own(context).await?).await
}

/// The region of the path, if it is the caller's own; to others it does not exist.
pub(super) async fn own(context: Context<'_>) -> Result<Region, Problem> {
    let id = context.params.at(0);
    let known = known(context).await?;
    let region = known.of_id(id).ok_or_else(|| not_found(id))?;
    match region::check_own(&known.caller, &fact(region)) {
        Ok(()) => Ok(region.clone()),
        Err(Refusal::NotCustom(_)) => Err(not_found(id)),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Whether the sandboxes of a region can be reached.
fn reachability(context: Context<'_>, it: &Region, runners: &[Runner]) -> Reachability {
    let now = context.call.now;
    let links: Vec<region::RunnerLink> = runners
        .iter()
        .filter(|runner| runner.region == it.id)
        .map(|runner| region::RunnerLink {
            reports: runner.last_report > 0
                && now.saturating_sub(runner.last_report) < context.settings.fleet.disconnected_after,
            connected: runner.connected_until > now,
        })
        .collect();
    region::reachability_of(&dto::services(it), &links)
}

pub(super) async fn shared() -> Result<Reply, Problem> {
    let known = store::list_regions(None).await?;
    let shared = known.iter().filter(|region| region.kind == RegionKind::Shared);
    Reply::ok(&shared.map(|region| RegionView::new(region, None)).collect::<Vec<_>>())
}

/// The state of the caller's own regions is looked at; how the platform's are doing is the operators' business.
pub(super) async fn list(context: Context<'_>) -> Result<Reply, Problem> {
    let known = known(context).await?;
    let runners = store::list_runners(None, Some(known.caller.organization.clone())).await?;
    let view = |region: &Region| {
        let own = region.kind == RegionKind::Custom;
        RegionView::new(region, own.then(|| reachability(context, region, &runners)))
    };
    Reply::ok(&known.visible().into_iter().map(view).collect::<Vec<_>>())
}

pub(super) async fn get(context: Context<'_>) -> Result<Reply, Problem> {
    let known = known(context).await?;
    let region = known.seen(context.params.at(0))?;
    let runners = store::list_runners(Some(region.id.clone()), None).await?;
    Reply::ok(&RegionView::new(region, Some(reachability(context, region, &runners))))
}

pub(super) async fn create(context: Context<'_>) -> Result<Reply, Problem> {
    let body: CreateRegion = context.call.json()?;
    if body.id.is_some()
        || body.region_type.is_some()
        || body.organization_id.is_some()
        || body.enforce_quotas == Some(true)
    {
        return Err(Problem::BadRequest(
            "id, regionType, organizationId and enforceQuotas are for operators: POST /admin/regions".to_owned(),
        ));
    }
    let owner = Some(context.caller.organization.clone());
    make(context, &body, RegionKind::Custom, owner).await
}

/// A shared or dedicated region.
pub(super) async fn create_platform(context: Context<'_>) -> Result<Reply, Problem> {
    let body: CreateRegion = context.call.json()?;
    let (kind, tenant) = match (body.region_type.as_deref().unwrap_or("shared"), &body.organization_id) {
        ("shared", None) => (RegionKind::Shared, None),
        ("dedicated", Some(tenant)) => {
            let tenant = store::get_organization(tenant.clone()).await?;
            (RegionKind::Dedicated, Some(tenant.id))
        }
        ("dedicated", None) => {
            return Err(Problem::BadRequest(
                "organizationId: a dedicated region needs its tenant".to_owned(),
            ));
        }
        ("shared", Some(_)) => {
            return Err(Problem::BadRequest(
                "organizationId: a shared region has no owner".to_owned(),
            ));
        }
        (other, _) => {
            return Err(Problem::BadRequest(format!(
                "regionType: {other:?} is neither shared nor dedicated; custom ones are made by POST /regions"
            )));
        }
    };
    make(context, &body, kind, tenant).await
}

async fn make(
    context: Context<'_>,
    body: &CreateRegion,
    kind: RegionKind,
    organization: Option<String>,
) -> Result<Reply, Problem> {
    region::check_name(&body.name)?;
    if let Some(id) = &body.id {
        region::check_name(id)?;
    }
    let wanted = body.services();
    region::check_services(&wanted)?;
    let policy = body.placement_policy.clone().map(dto::policy).transpose()?;
    let (credentials, shown) = services::make(&wanted)?;
    for _ in 0..ATTEMPTS {
        let id = match &body.id {
            Some(id) => id.clone(),
            None if kind == RegionKind::Custom => region::custom_id(&body.name, random::seed()?),
            None => body.name.to_lowercase(),
        };
        let made = Region {
            id: id.clone(),
            name: body.name.clone(),
            kind,
            organization: organization.clone(),
            enforce_quotas: kind != RegionKind::Custom && body.enforce_quotas.unwrap_or(false),
            policy: policy.clone().unwrap_or_else(|| POLICY.to_owned()),
            proxy_url: wanted.proxy.clone(),
            ssh_gateway_url: wanted.ssh_gateway.clone(),
            snapshot_manager_url: wanted.snapshot_manager.clone(),
            created: context.call.now,
            updated: context.call.now,
        };
        match store::create_region(made, credentials.clone()).await {
            Ok(()) => return Reply::json(201, &dto::CreatedRegion { id, ..shown }),
            // The id of somebody's region, by chance.
            Err(store::Error::Taken(what)) if what == id && what != body.name && kind == RegionKind::Custom => {}
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

pub(super) async fn change(context: Context<'_>) -> Result<Reply, Problem> {
    let region = own(context).await?;
    let body: ChangeRegion = context.call.json()?;
    if body.enforce_quotas == Some(true) {
        return Err(Problem::BadRequest(
            "enforceQuotas: a custom region has no totals".to_owned(),
        ));
    }
    apply(context, &region, body).await
}

/// A platform region, by an operator.
pub(super) async fn change_any(context: Context<'_>) -> Result<Reply, Problem> {
    let region = store::get_region(context.params.at(0).to_owned()).await?;
    apply(context, &region, context.call.json()?).await
}

/// Each URL that comes gets a credential, which a regeneration shows; each that goes takes its credential along.
async fn apply(context: Context<'_>, before: &Region, body: ChangeRegion) -> Result<Reply, Problem> {
    let enforce = body.enforce_quotas.filter(|_| before.kind != RegionKind::Custom);
    let mut after = body.apply(before, context.call.now)?;
    after.enforce_quotas = enforce.unwrap_or(before.enforce_quotas);
    region::check_services(&dto::services(&after))?;
    let credentials = services::change(&dto::services(before), &dto::services(&after))?;
    match store::change_region(after, before.updated, credentials).await {
        Ok(()) => Ok(Reply::empty(200)),
        Err(store::Error::Conflict(_)) => Err(Problem::Conflict(format!(
            "region {} was changed by somebody else meanwhile; read it and try again",
            before.name
        ))),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn delete(context: Context<'_>) -> Result<Reply, Problem> {
    remove(own(context).await?).await
}

pub(super) async fn delete_any(context: Context<'_>) -> Result<Reply, Problem> {
    remove(store::get_region(context.params.at(0).to_owned()).await?).await
}

async fn remove(region: Region) -> Result<Reply, Problem> {
    match store::delete_region(region.id).await {
        Ok(()) => Ok(Reply::empty(204)),
        Err(store::Error::Conflict(_)) => Err(Problem::BadRequest(format!(
            "region {} still has runners; remove them first",
            region.name
        ))),
        Err(error) => Err(error.into()),
    }
}

/// Every region there is, for operators.
pub(super) async fn all() -> Result<Reply, Problem> {
    let regions = store::list_regions(None).await?;
    Reply::ok(&regions.iter().map(|it| RegionView::new(it, None)).collect::<Vec<_>>())
}
