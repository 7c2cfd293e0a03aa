//! `sandbar key …`

use super::{Session, Verb};
use crate::client::{CliError, segment};
use crate::output::{Column, cell};
use clap::Subcommand;
use http::Method;
use serde_json::json;

/// What is done to API keys.
#[derive(Subcommand)]
pub enum Key {
    /// Those of the organization that you may see
    List,
    /// The one that you use now
    Show,
    /// Make one; its value is shown once
    Create {
        /// Name, unique among yours
        name: String,
        /// What it may, e.g. write:sandboxes; may be given more than once
        #[arg(long = "permission", value_name = "PERMISSION")]
        permissions: Vec<String>,
        /// Until when it is good, e.g. 2027-01-31T00:00:00Z [default: for ever]
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        /// For this member of the organization (id); only for owners [default: yourself]
        #[arg(long, value_name = "ID")]
        user: Option<String>,
    },
    /// Delete one; it is dead within a second
    Delete {
        /// Name
        name: String,
        /// Of another user (id)
        #[arg(long)]
        user: Option<String>,
    },
}

const COLUMNS: &[Column] = &[
    ("NAME", |key| cell(&key["name"])),
    ("VALUE", |key| cell(&key["value"])),
    ("CREATED", |key| cell(&key["createdAt"])),
    ("LAST USED", |key| cell(&key["lastUsedAt"])),
    ("EXPIRES", |key| cell(&key["expiresAt"])),
    ("PERMISSIONS", |key| cell(&key["permissions"])),
];

impl Verb for Key {
    fn run(self, session: &mut Session<'_>) -> Result<(), CliError> {
        match self {
            Self::List => {
                let all = session.client.get("/api-keys")?;
                session.out.list(&all, COLUMNS)
            }
            Self::Show => {
                let found = session.client.get("/api-keys/current")?;
                session.out.show(&found)
            }
            Self::Create {
                name,
                permissions,
                expires,
                user,
            } => {
                let mut body = json!({"name": name, "permissions": permissions});
                if let Some(expires) = expires {
                    body["expiresAt"] = json!(expires);
                }
                if let Some(user) = user {
                    body["userId"] = json!(user);
                }
                let made = session.client.call(Method::POST, "/api-keys", Some(&body))?;
                session.out.show(&made)
            }
            Self::Delete { name, user } => {
                let path = match user {
                    Some(user) => format!("/api-keys/{}/{}", segment(&user), segment(&name)),
                    None => format!("/api-keys/{}", segment(&name)),
                };
                session.client.call(Method::DELETE, &path, None)?;
                session
                    .out
                    .done(&format!("key {name} is deleted"), &json!({"deleted": name}))
            }
        }
    }
}
