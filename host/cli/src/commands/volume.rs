//! `sandbar volume …`

use super::{Session, Verb, id_of};
use crate::client::{CliError, segment};
use crate::output::{Column, cell};
use clap::Subcommand;
use http::Method;
use serde_json::json;

/// What is done to volumes.
#[derive(Subcommand)]
pub enum Volume {
    /// Those of your organization
    List,
    /// One, by name or id
    Show {
        /// Name or id
        volume: String,
    },
    /// Make one
    Create {
        /// Name [default: its id]
        name: Option<String>,
    },
    /// Delete one that no sandbox mounts, with its files
    Delete {
        /// Name or id
        volume: String,
    },
}

const COLUMNS: &[Column] = &[
    ("NAME", |volume| cell(&volume["name"])),
    ("ID", |volume| cell(&volume["id"])),
    ("STATE", |volume| cell(&volume["state"])),
    ("RUNNER", |volume| cell(&volume["runnerId"])),
    ("CREATED", |volume| cell(&volume["createdAt"])),
    ("LAST USED", |volume| cell(&volume["lastUsedAt"])),
];

impl Verb for Volume {
    fn run(self, session: &mut Session<'_>) -> Result<(), CliError> {
        match self {
            Self::List => {
                let all = session.client.get("/volumes")?;
                session.out.list(&all, COLUMNS)
            }
            Self::Show { volume } => {
                let id = id_of(&session.client.get("/volumes")?, &volume, "volume")?;
                let found = session.client.get(&format!("/volumes/{}", segment(&id)))?;
                session.out.show(&found)
            }
            Self::Create { name } => {
                let body = json!({"name": name});
                let made = session.client.call(Method::POST, "/volumes", Some(&body))?;
                session.out.show(&made)
            }
            Self::Delete { volume } => {
                let id = id_of(&session.client.get("/volumes")?, &volume, "volume")?;
                let route = format!("/volumes/{}", segment(&id));
                session.client.call(Method::DELETE, &route, None)?;
                session
                    .out
                    .done(&format!("volume {volume} is deleted"), &json!({"deleted": volume}))
            }
        }
    }
}
