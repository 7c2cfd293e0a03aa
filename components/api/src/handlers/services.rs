//! Credentials of the services of a region: made, shown once, made anew. Only hashes are kept, but for the snapshot
//! manager, where the plane itself has to log in.

use super::{Context, auth, random, regions};
use crate::contracts::region::{self, CredentialStep, Service, Services};
use crate::contracts::store::{self, RegionCredential, RegionService};
use crate::dto::{self, CreatedRegion, MadeKey, MadeLogin, SERVICES};
use crate::http::{Problem, Reply};

/// The user of a snapshot manager, as documented.
const USER: &str = "daytona";

/// A secret, and what is kept of it.
fn credential(service: RegionService) -> Result<(String, RegionCredential), Problem> {
    let secret = match service {
        RegionService::SnapshotManager => random::short_token()?,
        _ => random::token()?,
    };
    let kept = RegionCredential {
        service,
        hash: auth::hash(&secret),
        login: (service == RegionService::SnapshotManager).then(|| (USER.to_owned(), secret.clone())),
    };
    Ok((secret, kept))
}

/// Credentials for each URL that is given: what is kept, and what is shown.
pub(super) fn make(services: &Services) -> Result<(Vec<RegionCredential>, CreatedRegion), Problem> {
    let (mut kept, mut shown) = (Vec::new(), CreatedRegion::default());
    let mut one = |url: &Option<String>, service| -> Result<Option<String>, Problem> {
        if url.is_none() {
            return Ok(None);
        }
        let (secret, credential) = credential(service)?;
        kept.push(credential);
        Ok(Some(secret))
    };
    shown.proxy_api_key = one(&services.proxy, RegionService::Proxy)?;
    shown.ssh_gateway_api_key = one(&services.ssh_gateway, RegionService::SshGateway)?;
    shown.snapshot_manager_password = one(&services.snapshot_manager, RegionService::SnapshotManager)?;
    shown.snapshot_manager_username = shown.snapshot_manager_password.is_some().then(|| USER.to_owned());
    Ok((kept, shown))
}

/// What becomes of the credentials when the URLs change.
pub(super) fn change(before: &Services, after: &Services) -> Result<Vec<RegionCredential>, Problem> {
    let steps = region::plan_services(before, after);
    let mut all = Vec::new();
    for (step, (_, service)) in steps.into_iter().zip(SERVICES) {
        match step {
            CredentialStep::Keep => {}
            CredentialStep::Make => all.push(credential(service)?.1),
            CredentialStep::Revoke => all.push(RegionCredential {
                service,
                hash: String::new(),
                login: None,
            }),
        }
    }
    Ok(all)
}

/// Makes the credential of a service anew; the old one is dead with the commit.
async fn regenerate(context: Context<'_>, wanted: Service) -> Result<String, Problem> {
    let region = regions::own(context).await?;
    region::check_regenerate(wanted, &dto::services(&region))?;
    let Some((_, service)) = SERVICES.into_iter().find(|(service, _)| *service == wanted) else {
        return Err(Problem::Internal("a service that nobody knows".to_owned()));
    };
    let (secret, kept) = credential(service)?;
    let expected = region.updated;
    let after = store::Region {
        updated: context.call.now.max(expected + 1),
        ..region
    };
    match store::change_region(after, expected, vec![kept]).await {
        Ok(()) => Ok(secret),
        Err(store::Error::Conflict(_)) => Err(Problem::Conflict(
            "the region was changed by somebody else meanwhile; try again".to_owned(),
        )),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn regenerate_proxy(context: Context<'_>) -> Result<Reply, Problem> {
    let api_key = regenerate(context, Service::Proxy).await?;
    Reply::ok(&MadeKey { api_key })
}

pub(super) async fn regenerate_gateway(context: Context<'_>) -> Result<Reply, Problem> {
    let api_key = regenerate(context, Service::SshGateway).await?;
    Reply::ok(&MadeKey { api_key })
}

pub(super) async fn regenerate_snapshots(context: Context<'_>) -> Result<Reply, Problem> {
    let password = regenerate(context, Service::SnapshotManager).await?;
    Reply::ok(&MadeLogin {
        username: USER.to_owned(),
        password,
    })
}
