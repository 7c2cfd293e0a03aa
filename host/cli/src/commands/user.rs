//! `sandbar user …`: users, for operators.

use super::{Session, Verb};
use crate::client::CliError;
use crate::output::{Column, cell};
use clap::Subcommand;
use http::Method;
use serde_json::json;

/// What is done to users.
#[derive(Subcommand)]
pub enum User {
    /// All of them
    List,
    /// Yourself
    Me,
    /// Make one, with a personal organization and a first key, shown once
    Create {
        /// Name to show
        name: String,
        /// Where they read mail
        #[arg(long)]
        email: Option<String>,
        /// Id [default: a new one]
        #[arg(long)]
        id: Option<String>,
    },
}

const COLUMNS: &[Column] = &[
    ("NAME", |user| cell(&user["name"])),
    ("ID", |user| cell(&user["id"])),
    ("EMAIL", |user| cell(&user["email"])),
    ("CREATED", |user| cell(&user["createdAt"])),
];

impl Verb for User {
    fn run(self, session: &mut Session<'_>) -> Result<(), CliError> {
        match self {
            Self::List => {
                let all = session.client.get("/admin/users")?;
                session.out.list(&all, COLUMNS)
            }
            Self::Me => {
                let found = session.client.get("/users/me")?;
                session.out.show(&found)
            }
            Self::Create { name, email, id } => {
                let mut body = json!({"name": name});
                if let Some(email) = email {
                    body["email"] = json!(email);
                }
                if let Some(id) = id {
                    body["id"] = json!(id);
                }
                let made = session.client.call(Method::POST, "/admin/users", Some(&body))?;
                session.out.show(&made)
            }
        }
    }
}
