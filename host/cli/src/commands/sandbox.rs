//! `sandbar sandbox …`

use super::{Session, Verb, pair};
use crate::client::{CliError, query, segment};
use crate::output::{Column, cell};
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Map, Value, json};

/// Most pages of a list that are fetched: 200 sandboxes each.
const MAX_PAGES: usize = 500;

/// What is done to sandboxes.
#[derive(Subcommand)]
pub enum Sandbox {
    /// Those of your organization
    List(List),
    /// One, by name or id
    Show {
        /// Name or id
        sandbox: String,
    },
    /// Make one and wait until it is started
    Create(Create),
    /// Start a stopped one
    Start {
        /// Name or id
        sandbox: String,
    },
    /// Stop a started one; its files stay
    Stop {
        /// Name or id
        sandbox: String,
    },
    /// Start one again that failed, if that can be
    Recover {
        /// Name or id
        sandbox: String,
    },
    /// Copy one in a moment: files, environment, settings
    Fork {
        /// Name or id
        sandbox: String,
        /// Name of the copy
        #[arg(long)]
        name: Option<String>,
    },
    /// Move a stopped one into its backup: it takes no machine's room until it is started
    Archive {
        /// Name or id
        sandbox: String,
    },
    /// Keep a copy of its files as they are now, from which it can come back should its machine be lost
    Backup {
        /// Name or id
        sandbox: String,
    },
    /// Change its size
    Resize {
        /// Name or id
        sandbox: String,
        /// Whole CPUs
        #[arg(long)]
        cpu: Option<u32>,
        /// GiB
        #[arg(long)]
        memory: Option<u32>,
        /// GiB
        #[arg(long)]
        disk: Option<u32>,
    },
    /// Run a shell command in one; exits as the command does
    Exec {
        /// Name or id
        sandbox: String,
        /// The command, given to `sh -c`
        #[arg(required = true, trailing_var_arg = true)]
        command: Vec<String>,
        /// Working directory
        #[arg(long)]
        cwd: Option<String>,
        /// Seconds
        #[arg(long)]
        timeout: Option<u64>,
    },
    /// The address of a port inside
    Preview {
        /// Name or id
        sandbox: String,
        /// Where a program inside listens
        port: u16,
        /// Make an address that needs no token, for this many seconds
        #[arg(long, value_name = "SECONDS")]
        signed: Option<u32>,
    },
    /// Delete it with its files
    Delete {
        /// Name or id
        sandbox: String,
    },
}

/// Filters of `list`.
#[derive(Args)]
pub struct List {
    /// Only with this label; may be given more than once
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = pair)]
    labels: Vec<(String, String)>,
    /// Only in this state
    #[arg(long)]
    state: Option<String>,
    /// Only in this region, by name or id
    #[arg(long)]
    region: Option<String>,
}

/// Arguments of `create`.
#[derive(Args)]
pub struct Create {
    /// Name [default: the id]
    #[arg(long)]
    name: Option<String>,
    /// Region, by name or id [default: your organization's]
    #[arg(long)]
    target: Option<String>,
    /// Snapshot, by name or id
    #[arg(long)]
    snapshot: Option<String>,
    /// Environment of its programs; may be given more than once
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = pair)]
    env: Vec<(String, String)>,
    /// Label to find it by; may be given more than once
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = pair)]
    labels: Vec<(String, String)>,
    /// Minutes without use after which it stops; 0: never
    #[arg(long, value_name = "MINUTES")]
    auto_stop: Option<u32>,
    /// Delete it when it stops
    #[arg(long)]
    ephemeral: bool,
    /// Anybody may see its previews
    #[arg(long)]
    public: bool,
    /// No way out to any network
    #[arg(long)]
    block_network: bool,
    /// Volume, by name or id, and where it is mounted; may be given more than once
    #[arg(long = "volume", value_name = "VOLUME=PATH", value_parser = pair)]
    volumes: Vec<(String, String)>,
}

const COLUMNS: &[Column] = &[
    ("NAME", |sandbox| cell(&sandbox["name"])),
    ("ID", |sandbox| cell(&sandbox["id"])),
    ("STATE", |sandbox| cell(&sandbox["state"])),
    ("REGION", |sandbox| cell(&sandbox["target"])),
    ("CPU", |sandbox| cell(&sandbox["cpu"])),
    ("MEMORY GiB", |sandbox| cell(&sandbox["memory"])),
    ("DISK GiB", |sandbox| cell(&sandbox["disk"])),
    ("CREATED", |sandbox| cell(&sandbox["createdAt"])),
    ("REASON", |sandbox| cell(&sandbox["errorReason"])),
];

impl Verb for Sandbox {
    fn run(self, session: &mut Session<'_>) -> Result<(), CliError> {
        match self {
            Self::List(list) => list.run(session),
            Self::Show { sandbox } => {
                let found = session.client.get(&path(&sandbox, ""))?;
                session.out.show(&found)
            }
            Self::Create(create) => create.run(session),
            Self::Start { sandbox } => post(session, &sandbox, "/start", None),
            Self::Stop { sandbox } => post(session, &sandbox, "/stop", None),
            Self::Recover { sandbox } => post(session, &sandbox, "/recover", None),
            Self::Archive { sandbox } => post(session, &sandbox, "/archive", None),
            Self::Backup { sandbox } => post(session, &sandbox, "/backup", None),
            Self::Fork { sandbox, name } => post(session, &sandbox, "/fork", Some(json!({"name": name}))),
            Self::Resize {
                sandbox,
                cpu,
                memory,
                disk,
            } => {
                let given = [("cpu", cpu), ("memory", memory), ("disk", disk)];
                let body: Map<String, Value> = given
                    .into_iter()
                    .filter_map(|(name, size)| Some((name.to_owned(), json!(size?))))
                    .collect();
                if body.is_empty() {
                    return Err(CliError::Usage(
                        "nothing to change: give --cpu, --memory or --disk".to_owned(),
                    ));
                }
                post(session, &sandbox, "/resize", Some(Value::Object(body)))
            }
            Self::Exec {
                sandbox,
                command,
                cwd,
                timeout,
            } => exec(session, &sandbox, &command, cwd, timeout),
            Self::Preview { sandbox, port, signed } => {
                let route = match signed {
                    Some(seconds) => {
                        format!(
                            "/ports/{port}/signed-preview-url{}",
                            query(&[("expiresInSeconds", Some(seconds.to_string()))])
                        )
                    }
                    None => format!("/ports/{port}/preview-url"),
                };
                let found = session.client.get(&path(&sandbox, &route))?;
                session.out.show(&found)
            }
            Self::Delete { sandbox } => {
                session.client.call(Method::DELETE, &path(&sandbox, ""), None)?;
                session.out.done(
                    &format!("sandbox {sandbox} is being deleted"),
                    &json!({"deleted": sandbox}),
                )
            }
        }
    }
}

fn path(sandbox: &str, rest: &str) -> String {
    format!("/sandbox/{}{rest}", segment(sandbox))
}

fn post(session: &mut Session<'_>, sandbox: &str, rest: &str, body: Option<Value>) -> Result<(), CliError> {
    let answer = session.client.call(Method::POST, &path(sandbox, rest), body.as_ref())?;
    session.out.show(&answer)
}

impl Verb for List {
    fn run(self, session: &mut Session<'_>) -> Result<(), CliError> {
        let labels: Map<String, Value> = self
            .labels
            .into_iter()
            .map(|(name, value)| (name, json!(value)))
            .collect();
        let labels = (!labels.is_empty()).then(|| Value::Object(labels).to_string());
        let region = self
            .region
            .map(|region| super::region::id(session, &region))
            .transpose()?;
        let mut all = Vec::new();
        let mut cursor = None;
        for _ in 0..MAX_PAGES {
            let page = session.client.get(&format!(
                "/sandbox{}",
                query(&[
                    ("limit", Some("200".to_owned())),
                    ("cursor", cursor.take()),
                    ("labels", labels.clone()),
                    ("states", self.state.clone()),
                    ("regionIds", region.clone()),
                ])
            ))?;
            all.extend(page["items"].as_array().cloned().unwrap_or_default());
            cursor = page["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        session.out.list(&Value::Array(all), COLUMNS)
    }
}

impl Verb for Create {
    fn run(self, session: &mut Session<'_>) -> Result<(), CliError> {
        let object = |pairs: Vec<(String, String)>| -> Value {
            pairs
                .into_iter()
                .collect::<std::collections::BTreeMap<_, _>>()
                .into_iter()
                .map(|(name, value)| (name, json!(value)))
                .collect::<Map<_, _>>()
                .into()
        };
        let mut body = json!({
            "env": object(self.env),
            "labels": object(self.labels),
            "public": self.public,
            "networkBlockAll": self.block_network,
        });
        for (name, value) in [
            ("name", self.name),
            ("target", self.target),
            ("snapshot", self.snapshot),
        ] {
            if let Some(value) = value {
                body[name] = json!(value);
            }
        }
        if let Some(minutes) = self.auto_stop {
            body["autoStopInterval"] = json!(minutes);
        }
        if !self.volumes.is_empty() {
            let mount = |(volume, path): &(String, String)| json!({"volumeId": volume, "mountPath": path});
            body["volumes"] = self.volumes.iter().map(mount).collect();
        }
        if self.ephemeral {
            body["autoDeleteInterval"] = json!(0);
        }
        let made = session.client.call(Method::POST, "/sandbox", Some(&body))?;
        session.out.show(&made)
    }
}

fn exec(
    session: &mut Session<'_>,
    sandbox: &str,
    command: &[String],
    cwd: Option<String>,
    timeout: Option<u64>,
) -> Result<(), CliError> {
    let found = session.client.get(&path(sandbox, ""))?;
    let (Some(base), Some(id)) = (found["toolboxProxyUrl"].as_str(), found["id"].as_str()) else {
        return Err(CliError::Answer("the sandbox has no toolboxProxyUrl".to_owned()));
    };
    let url = format!("{}/{}/process/execute", base.trim_end_matches('/'), segment(id));
    let mut body = json!({"command": command.join(" ")});
    if let Some(cwd) = cwd {
        body["cwd"] = json!(cwd);
    }
    if let Some(timeout) = timeout {
        body["timeout"] = json!(timeout);
    }
    let answer = session
        .client
        .send(Method::POST, &url, "application/json", body.to_string().into_bytes())?;
    let answer: Value = serde_json::from_slice(&answer).map_err(|error| CliError::Answer(error.to_string()))?;
    if session.out.is_json() {
        return session.out.show(&answer);
    }
    session
        .out
        .bytes(answer["result"].as_str().unwrap_or_default().as_bytes())?;
    match answer["exitCode"].as_i64() {
        Some(0) | None => Ok(()),
        Some(code) => Err(CliError::Exit(u8::try_from(code & 0xff).unwrap_or(1))),
    }
}
