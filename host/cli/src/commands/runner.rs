//! `sandbar runner …`: the machines of a region. (`sandbar runner` with `--token` makes this machine one.)

use super::{Session, Verb, id_of, region};
use crate::client::{CliError, query, read, segment};
use crate::output::{Column, cell};
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What is done to runners.
#[derive(Subcommand)]
pub enum Runner {
    /// Those of your regions; an operator sees all with --all
    List {
        /// Only of this region
        #[arg(long, value_name = "REGION")]
        region: Option<String>,
        /// The platform's own too (operators only)
        #[arg(long)]
        all: bool,
    },
    /// One, by name or id
    Show {
        /// Name or id
        runner: String,
    },
    /// Register a machine; its token is shown once
    Create(Create),
    /// Make a new token; the old one is good for the grace, so that the machine can be changed over
    RotateToken {
        /// Name or id
        runner: String,
        /// Seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 300)]
        grace: u64,
    },
    /// No new sandboxes from now on
    Unschedule {
        /// Name or id
        runner: String,
    },
    /// New sandboxes again
    Schedule {
        /// Name or id
        runner: String,
    },
    /// No new sandboxes, and those that are stopped may leave
    Drain {
        /// Name or id
        runner: String,
        /// Stop started sandboxes first
        #[arg(long)]
        stop_started: bool,
    },
    /// End the draining
    Undrain {
        /// Name or id
        runner: String,
    },
    /// Delete a runner that is unschedulable and empty
    Delete {
        /// Name or id
        runner: String,
        /// Do not wait for sandboxes that are to be destroyed on a machine that is gone
        #[arg(long)]
        force: bool,
    },
    /// The component that takes a runner's decisions
    #[command(subcommand)]
    Component(Component),
    /// A runner's own metrics, in Prometheus text format
    Metrics {
        /// Name or id
        runner: String,
    },
}

/// Arguments of `create`.
#[derive(Args)]
pub struct Create {
    /// 2 to 255 letters, digits, `_`, `.`, `-`; unique in the region
    name: String,
    /// Region, by name or id
    #[arg(long, value_name = "REGION")]
    region: String,
    /// May be given more than once
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
}

/// What is done to the component of a runner.
#[derive(Subcommand)]
pub enum Component {
    /// Replace it in the running runner; sandboxes go on, and one that fails is rolled back
    Push {
        /// Name or id
        runner: String,
        /// The component (.wasm)
        file: PathBuf,
    },
}

const COLUMNS: &[Column] = &[
    ("NAME", |runner| cell(&runner["name"])),
    ("ID", |runner| cell(&runner["id"])),
    ("REGION", |runner| cell(&runner["region"])),
    ("STATE", |runner| {
        let mut state = cell(&runner["verdict"]["name"]);
        if state.is_empty() {
            state = cell(&runner["state"]);
        }
        for (field, word) in [("draining", "draining"), ("unschedulable", "unschedulable")] {
            if runner[field] == true {
                state = format!("{state}, {word}");
            }
        }
        state
    }),
    ("STARTED", |runner| cell(&runner["currentStartedSandboxes"])),
    ("CPU", |runner| share(runner, "cpu", "cpu")),
    ("MEMORY GiB", |runner| share(runner, "memoryGiB", "memory")),
    ("DISK GiB", |runner| share(runner, "diskGiB", "disk")),
    ("SCORE", |runner| {
        if runner["lastChecked"].is_null() {
            String::new()
        } else {
            cell(&runner["availabilityScore"])
        }
    }),
    ("LAST REPORT", |runner| cell(&runner["lastChecked"])),
];

/// What is sold of it: promised to sandboxes, whatever they use.
fn share(runner: &Value, part: &str, whole: &str) -> String {
    format!("{}/{}", cell(&runner["sold"][part]), cell(&runner[whole]))
}

impl Verb for Runner {
    fn run(self, session: &mut Session<'_>) -> Result<(), CliError> {
        match self {
            Self::List { region, all } => {
                let region = region.map(|region| region::id(session, &region)).transpose()?;
                let route = if all { "/admin/runners" } else { "/runners" };
                let found = session
                    .client
                    .get(&format!("{route}{}", query(&[("regionId", region)])))?;
                session.out.list(&found, COLUMNS)
            }
            Self::Show { runner } => {
                let (base, id) = find(session, &runner)?;
                let found = session.client.get(&format!("{base}/{}", segment(&id)))?;
                session.out.show(&found)
            }
            Self::Create(create) => {
                let region = region::id(session, &create.region)?;
                let body = json!({"name": create.name, "regionId": region, "tags": create.tags});
                // A region of the platform's own is the operator's.
                let made = match session.client.call(Method::POST, "/runners", Some(&body)) {
                    Err(CliError::Refused { status: 403, .. }) => {
                        session.client.call(Method::POST, "/admin/runners", Some(&body))?
                    }
                    other => other?,
                };
                session.out.show(&made)?;
                let url = session.client.url().to_owned();
                session.out.hint(&format!(
                    "On the machine: sandbar runner --api-url {url} --data-dir DIR, with the key above, shown this once, in SANDBAR_RUNNER_TOKEN"
                ))
            }
            Self::RotateToken { runner, grace } => {
                let (_, id) = find(session, &runner)?;
                let body = json!({"graceSeconds": grace});
                let path = format!("/runners/{}/rotate-token", segment(&id));
                let made = session.client.call(Method::POST, &path, Some(&body))?;
                session.out.show(&made)?;
                session.out.hint(&format!(
                    "Start the runner anew with this token on its data directory within {grace} s; it takes over from the old process, and sandboxes stay"
                ))
            }
            Self::Unschedule { runner } => change(session, &runner, "scheduling", json!({"unschedulable": true})),
            Self::Schedule { runner } => change(session, &runner, "scheduling", json!({"unschedulable": false})),
            Self::Drain { runner, stop_started } => change(
                session,
                &runner,
                "draining",
                json!({"draining": true, "stopStarted": stop_started}),
            ),
            Self::Undrain { runner } => change(session, &runner, "draining", json!({"draining": false})),
            Self::Delete { runner, force } => {
                let (base, id) = find(session, &runner)?;
                let force = query(&[("force", force.then(|| "true".to_owned()))]);
                session
                    .client
                    .call(Method::DELETE, &format!("{base}/{}{force}", segment(&id)), None)?;
                session
                    .out
                    .done(&format!("runner {runner} is deleted"), &json!({"deleted": id}))
            }
            Self::Component(Component::Push { runner, file }) => {
                let (_, id) = find(session, &runner)?;
                let url = format!("{}/runners/{}/component", session.client.url(), segment(&id));
                let answer = session
                    .client
                    .send(Method::PUT, &url, "application/wasm", read(&file)?)?;
                let answer = serde_json::from_slice(&answer).unwrap_or(Value::Null);
                session
                    .out
                    .done(&format!("runner {runner} decides by {} now", file.display()), &answer)
            }
            Self::Metrics { runner } => {
                let (_, id) = find(session, &runner)?;
                let url = format!("{}/runners/{}/metrics", session.client.url(), segment(&id));
                let text = session.client.send(Method::GET, &url, "", Vec::new())?;
                session.out.bytes(&text)
            }
        }
    }
}

fn change(session: &mut Session<'_>, runner: &str, what: &str, body: Value) -> Result<(), CliError> {
    let (_, id) = find(session, runner)?;
    let path = format!("/runners/{}/{what}", segment(&id));
    let changed = match session.client.call(Method::PATCH, &path, Some(&body)) {
        Err(CliError::Refused { status: 403 | 404, .. }) if what == "scheduling" => {
            session
                .client
                .call(Method::PATCH, &format!("/admin{path}"), Some(&body))?
        }
        other => other?,
    };
    if session.out.is_json() {
        return session.out.show(&changed);
    }
    let now = match (changed["draining"] == true, changed["unschedulable"] == true) {
        (true, _) => "is draining: it takes no new sandboxes",
        (false, true) => "takes no new sandboxes",
        (false, false) => "takes new sandboxes",
    };
    session.out.done(&format!("runner {runner} {now}"), &changed)
}

/// Where a runner called by name or id is found: the base of its route, and its id. Operators see the platform's own too.
fn find(session: &Session<'_>, runner: &str) -> Result<(&'static str, String), CliError> {
    let own = session
        .client
        .get("/runners")
        .and_then(|all| id_of(&all, runner, "runner"));
    match own {
        Ok(id) => Ok(("/runners", id)),
        Err(error) => match session.client.get("/admin/runners") {
            Ok(all) => Ok(("/admin/runners", id_of(&all, runner, "runner")?)),
            Err(_) => Err(error),
        },
    }
}
