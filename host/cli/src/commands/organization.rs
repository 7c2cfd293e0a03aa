//! `sandbar org …`

use super::{Session, Verb, id_of};
use crate::client::{CliError, segment};
use crate::output::{Column, cell};
use clap::{Args, Subcommand, ValueEnum};
use http::Method;
use serde_json::{Map, Value, json};

/// What is done to organizations. Without a name, the one of your key is meant.
#[derive(Subcommand)]
pub enum Organization {
    /// Those you belong to
    List,
    /// One, by name or id
    Show {
        /// Name or id [default: that of your key]
        organization: Option<String>,
    },
    /// Make one
    Create {
        /// Name to show
        name: String,
        /// Where its sandboxes go without a target
        #[arg(long, value_name = "REGION")]
        default_region: String,
    },
    /// Delete one that has nothing any more
    Delete {
        /// Name or id
        organization: String,
    },
    /// What it takes in each region, and what it may
    Usage {
        /// Name or id [default: that of your key]
        organization: Option<String>,
    },
    /// Set totals in a region, or limits of one sandbox (operators only)
    Quota(Quota),
    /// Stop new sandboxes, with a reason (operators only)
    Suspend {
        /// Name or id
        organization: String,
        /// What its users are told
        #[arg(long)]
        reason: String,
    },
    /// End a suspension (operators only)
    Unsuspend {
        /// Name or id
        organization: String,
    },
    /// Those who belong to it
    Members {
        /// Name or id [default: that of your key]
        organization: Option<String>,
    },
    /// Let a user in, or change what they may
    SetMember {
        /// Name or id
        organization: String,
        /// User id
        user: String,
        /// Owners may everything; members what their assigned roles give
        #[arg(long, default_value = "member")]
        role: Role,
        /// Ids of assigned roles
        #[arg(long = "assign", value_name = "ROLE")]
        roles: Vec<String>,
    },
    /// Take a user out, with their keys
    RemoveMember {
        /// Name or id
        organization: String,
        /// User id
        user: String,
    },
}

/// Arguments of `quota`.
#[derive(Args)]
pub struct Quota {
    /// Name or id
    organization: String,
    /// Totals in this region; without it, limits of one sandbox
    #[arg(long)]
    region: Option<String>,
    /// Whole CPUs
    #[arg(long)]
    cpu: Option<u32>,
    /// GiB
    #[arg(long)]
    memory: Option<u32>,
    /// GiB
    #[arg(long)]
    disk: Option<u32>,
}

/// What a member is.
#[derive(Clone, Copy, ValueEnum)]
pub enum Role {
    /// May everything
    Owner,
    /// May what assigned roles give
    Member,
}

const COLUMNS: &[Column] = &[
    ("NAME", |one| cell(&one["name"])),
    ("ID", |one| cell(&one["id"])),
    ("DEFAULT REGION", |one| cell(&one["defaultRegionId"])),
    ("SUSPENDED", |one| {
        if one["suspended"] == true {
            cell(&one["suspensionReason"])
        } else {
            String::new()
        }
    }),
];

const MEMBERS: &[Column] = &[
    ("NAME", |one| cell(&one["name"])),
    ("USER", |one| cell(&one["userId"])),
    ("EMAIL", |one| cell(&one["email"])),
    ("ROLE", |one| cell(&one["role"])),
];

const USAGE: &[Column] = &[
    ("REGION", |one| cell(&one["regionId"])),
    ("CPU", |one| share(one, "Cpu")),
    ("MEMORY GiB", |one| share(one, "Memory")),
    ("DISK GiB", |one| share(one, "Disk")),
];

fn share(one: &Value, what: &str) -> String {
    format!(
        "{}/{}",
        cell(&one[format!("current{what}Usage")]),
        cell(&one[format!("total{what}Quota")])
    )
}

impl Verb for Organization {
    fn run(self, session: &mut Session<'_>) -> Result<(), CliError> {
        match self {
            Self::List => {
                let all = session.client.get("/organizations")?;
                session.out.list(&all, COLUMNS)
            }
            Self::Show { organization } => {
                let path = path(session, organization.as_deref())?;
                let found = session.client.get(&path)?;
                session.out.show(&found)
            }
            Self::Create { name, default_region } => {
                let region = super::region::id(session, &default_region)?;
                let body = json!({"name": name, "defaultRegionId": region});
                let made = session.client.call(Method::POST, "/organizations", Some(&body))?;
                session.out.show(&made)
            }
            Self::Delete { organization } => {
                let path = path(session, Some(&organization))?;
                session.client.call(Method::DELETE, &path, None)?;
                session.out.done(
                    &format!("organization {organization} is deleted"),
                    &json!({"deleted": organization}),
                )
            }
            Self::Usage { organization } => {
                let path = path(session, organization.as_deref())?;
                let found = session.client.get(&format!("{path}/usage"))?;
                if session.out.is_json() {
                    session.out.show(&found)
                } else {
                    session.out.list(&found["regionUsage"], USAGE)
                }
            }
            Self::Quota(quota) => quota.run(session),
            Self::Suspend { organization, reason } => {
                let path = format!("{}/suspend", path(session, Some(&organization))?);
                session
                    .client
                    .call(Method::POST, &path, Some(&json!({"reason": reason})))?;
                session.out.done(
                    &format!("organization {organization} is suspended"),
                    &json!({"suspended": true}),
                )
            }
            Self::Unsuspend { organization } => {
                let path = format!("{}/unsuspend", path(session, Some(&organization))?);
                session.client.call(Method::POST, &path, None)?;
                session.out.done(
                    &format!("organization {organization} is active"),
                    &json!({"suspended": false}),
                )
            }
            Self::Members { organization } => {
                let path = format!("{}/users", path(session, organization.as_deref())?);
                let all = session.client.get(&path)?;
                session.out.list(&all, MEMBERS)
            }
            Self::SetMember {
                organization,
                user,
                role,
                roles,
            } => {
                let path = format!(
                    "{}/users/{}/access",
                    path(session, Some(&organization))?,
                    segment(&user)
                );
                let role = match role {
                    Role::Owner => "owner",
                    Role::Member => "member",
                };
                let body = json!({"role": role, "assignedRoleIds": roles});
                let made = session.client.call(Method::POST, &path, Some(&body))?;
                session.out.show(&made)
            }
            Self::RemoveMember { organization, user } => {
                let path = format!("{}/users/{}", path(session, Some(&organization))?, segment(&user));
                session.client.call(Method::DELETE, &path, None)?;
                session
                    .out
                    .done(&format!("user {user} is no member any more"), &json!({"removed": user}))
            }
        }
    }
}

/// The API's path of an organization called by name or id; without one, of the key's.
fn path(session: &Session<'_>, organization: Option<&str>) -> Result<String, CliError> {
    let all = session.client.get("/organizations")?;
    let id = match organization {
        // An operator speaks about organizations that are not their own, by id.
        Some(organization) if is_uuid(organization) => organization.to_owned(),
        Some(organization) => id_of(&all, organization, "organization")?,
        None => match all.as_array().map(Vec::as_slice) {
            Some([one]) => one["id"].as_str().unwrap_or_default().to_owned(),
            _ => {
                return Err(CliError::Usage(
                    "you belong to several organizations: say which".to_owned(),
                ));
            }
        },
    };
    Ok(format!("/organizations/{}", segment(&id)))
}

/// Whether a text can only be an id.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

impl Verb for Quota {
    fn run(self, session: &mut Session<'_>) -> Result<(), CliError> {
        let names = match &self.region {
            Some(_) => ["totalCpuQuota", "totalMemoryQuota", "totalDiskQuota"],
            None => ["maxCpuPerSandbox", "maxMemoryPerSandbox", "maxDiskPerSandbox"],
        };
        let given = names.into_iter().zip([self.cpu, self.memory, self.disk]);
        let body: Map<String, Value> = given
            .filter_map(|(name, size)| Some((name.to_owned(), json!(size?))))
            .collect();
        if body.is_empty() {
            return Err(CliError::Usage(
                "nothing to set: give --cpu, --memory or --disk".to_owned(),
            ));
        }
        let mut path = format!("{}/quota", path(session, Some(&self.organization))?);
        if let Some(region) = &self.region {
            path = format!("{path}/{}", segment(&super::region::id(session, region)?));
        }
        session
            .client
            .call(Method::PATCH, &path, Some(&Value::Object(body.clone())))?;
        session
            .out
            .done(&format!("quota of {} is set", self.organization), &Value::Object(body))
    }
}
