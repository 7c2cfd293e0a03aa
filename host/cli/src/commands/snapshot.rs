//! `sandbar snapshot …`

use super::{Session, Verb};
use crate::client::{CliError, query, segment};
use crate::output::{Column, cell};
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Largest Dockerfile that is sent: the API takes no more.
const MAX_DOCKERFILE: u64 = 128 << 10;

/// What is done to snapshots.
#[derive(Subcommand)]
pub enum Snapshot {
    /// Those of your organization, and the platform's own
    List {
        /// Only those whose names hold this
        #[arg(long)]
        name: Option<String>,
    },
    /// One, by name or id
    Show {
        /// Name or id
        snapshot: String,
    },
    /// Make one of a sandbox, of an image or of a Dockerfile
    Create(Create),
    /// Let sandboxes be made of it again
    Activate {
        /// Name or id
        snapshot: String,
    },
    /// Keep it, but let no sandbox be made of it
    Deactivate {
        /// Name or id
        snapshot: String,
    },
    /// Delete it; sandboxes made of it stay
    Delete {
        /// Name or id
        snapshot: String,
    },
}

/// Arguments of `create`.
#[derive(Args)]
#[group(skip)]
#[command(group = clap::ArgGroup::new("source").required(true).args(["sandbox", "image", "dockerfile"]))]
pub struct Create {
    /// Name
    name: String,
    /// Of this sandbox as it is now, by name or id
    #[arg(long)]
    sandbox: Option<String>,
    /// Of this image, with its version
    #[arg(long)]
    image: Option<String>,
    /// Of this Dockerfile, which needs no files of yours
    #[arg(long, value_name = "FILE")]
    dockerfile: Option<PathBuf>,
    /// Where an image is built, by name or id [default: your organization's region]
    #[arg(long, conflicts_with = "sandbox")]
    region: Option<String>,
    /// Whole CPUs of sandboxes made of it
    #[arg(long, conflicts_with = "sandbox")]
    cpu: Option<u32>,
    /// GiB, likewise
    #[arg(long, conflicts_with = "sandbox")]
    memory: Option<u32>,
    /// GiB, likewise
    #[arg(long, conflicts_with = "sandbox")]
    disk: Option<u32>,
}

const COLUMNS: &[Column] = &[
    ("NAME", |snapshot| cell(&snapshot["name"])),
    ("ID", |snapshot| cell(&snapshot["id"])),
    ("STATE", |snapshot| cell(&snapshot["state"])),
    ("GiB", |snapshot| cell(&snapshot["size"])),
    ("REGIONS", |snapshot| cell(&snapshot["regionIds"])),
    ("CREATED", |snapshot| cell(&snapshot["createdAt"])),
    ("LAST USED", |snapshot| cell(&snapshot["lastUsedAt"])),
    ("REASON", |snapshot| cell(&snapshot["errorReason"])),
];

fn path(snapshot: &str, rest: &str) -> String {
    format!("/snapshots/{}{rest}", segment(snapshot))
}

impl Verb for Snapshot {
    fn run(self, session: &mut Session<'_>) -> Result<(), CliError> {
        match self {
            // An organization has fewer than a page holds.
            Self::List { name } => {
                let route = query(&[("limit", Some("200".to_owned())), ("name", name)]);
                let page = session.client.get(&format!("/snapshots{route}"))?;
                session.out.list(&page["items"], COLUMNS)
            }
            Self::Show { snapshot } => {
                let found = session.client.get(&path(&snapshot, ""))?;
                session.out.show(&found)
            }
            Self::Create(create) => create.run(session),
            Self::Activate { snapshot } => {
                let now = session.client.call(Method::POST, &path(&snapshot, "/activate"), None)?;
                session.out.show(&now)
            }
            Self::Deactivate { snapshot } => {
                session
                    .client
                    .call(Method::POST, &path(&snapshot, "/deactivate"), None)?;
                session.out.done(
                    &format!("snapshot {snapshot} is inactive"),
                    &json!({"deactivated": snapshot}),
                )
            }
            Self::Delete { snapshot } => {
                session.client.call(Method::DELETE, &path(&snapshot, ""), None)?;
                session.out.done(
                    &format!("snapshot {snapshot} is deleted"),
                    &json!({"deleted": snapshot}),
                )
            }
        }
    }
}

impl Verb for Create {
    fn run(self, session: &mut Session<'_>) -> Result<(), CliError> {
        if let Some(sandbox) = &self.sandbox {
            let route = format!("/sandbox/{}/snapshot", segment(sandbox));
            let body = json!({"name": self.name});
            session.client.call(Method::POST, &route, Some(&body))?;
            let made = session.client.get(&path(&self.name, ""))?;
            return session.out.show(&made);
        }
        let mut body = json!({"name": self.name});
        match &self.dockerfile {
            Some(file) => body["buildInfo"] = json!({"dockerfileContent": read(file)?}),
            None => body["imageName"] = json!(self.image),
        }
        let given = [
            ("regionId", self.region.map(Value::from)),
            ("cpu", self.cpu.map(Value::from)),
            ("memory", self.memory.map(Value::from)),
            ("disk", self.disk.map(Value::from)),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                body[name] = value;
            }
        }
        let made = session.client.call(Method::POST, "/snapshots", Some(&body))?;
        session.out.show(&made)
    }
}

fn read(file: &std::path::Path) -> Result<String, CliError> {
    let bad = |error: std::io::Error| CliError::Usage(format!("{}: {error}", file.display()));
    let size = std::fs::metadata(file).map_err(bad)?.len();
    if size > MAX_DOCKERFILE {
        return Err(CliError::Usage(format!(
            "{}: {size} bytes are more than the {MAX_DOCKERFILE} that a Dockerfile may have",
            file.display()
        )));
    }
    std::fs::read_to_string(file).map_err(bad)
}
