//! The nouns of the command line; one file for each.

mod explain;
mod key;
mod organization;
mod region;
mod runner;
mod sandbox;
mod snapshot;
mod user;
mod volume;

use crate::client::{CliError, Client};
use crate::connection::Connection;
use crate::output::Output;
use clap::{Args, Subcommand};
use serde_json::Value;
use std::io::Write;

pub use runner::Runner;

/// A noun and what is done to it, on some platform.
#[derive(Subcommand)]
pub enum Operator {
    /// Regions: where sandboxes are placed
    Region(Noun<region::Region>),
    /// Sandboxes
    Sandbox(Noun<sandbox::Sandbox>),
    /// Snapshots: what sandboxes can be made of
    Snapshot(Noun<snapshot::Snapshot>),
    /// Volumes: files that several sandboxes share
    Volume(Noun<volume::Volume>),
    /// Organizations, their members and quotas
    Org(Noun<organization::Organization>),
    /// API keys
    Key(Noun<key::Key>),
    /// Users (operators only)
    User(Noun<user::User>),
    /// Why a sandbox is where it is
    Explain(Noun2<explain::Explain>),
}

/// A noun with its verbs, and where the platform is.
#[derive(Args)]
pub struct Noun<V: Subcommand> {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    verb: V,
}

/// A command without verbs, and where the platform is.
#[derive(Args)]
pub struct Noun2<A: Args> {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    arguments: A,
}

/// What a verb works with.
struct Session<'a> {
    client: Client,
    out: Output<'a>,
}

/// A verb of a noun.
trait Verb {
    fn run(self, session: &mut Session<'_>) -> Result<(), CliError>;
}

impl Operator {
    /// Runs the command; its results go to `to`.
    ///
    /// # Errors
    /// [`CliError`].
    pub fn run(self, to: &mut dyn Write) -> Result<(), CliError> {
        match self {
            Self::Region(noun) => start(&noun.connection, noun.verb, to),
            Self::Sandbox(noun) => start(&noun.connection, noun.verb, to),
            Self::Snapshot(noun) => start(&noun.connection, noun.verb, to),
            Self::Volume(noun) => start(&noun.connection, noun.verb, to),
            Self::Org(noun) => start(&noun.connection, noun.verb, to),
            Self::Key(noun) => start(&noun.connection, noun.verb, to),
            Self::User(noun) => start(&noun.connection, noun.verb, to),
            Self::Explain(noun) => start(&noun.connection, noun.arguments, to),
        }
    }
}

/// Runs a verb of `sandbar runner`, which is apart because without a verb it turns this machine into a runner.
///
/// # Errors
/// [`CliError`].
pub fn run_runner(connection: &Connection, verb: Runner, to: &mut dyn Write) -> Result<(), CliError> {
    start(connection, verb, to)
}

fn start(connection: &Connection, verb: impl Verb, to: &mut dyn Write) -> Result<(), CliError> {
    verb.run(&mut Session {
        client: connection.client()?,
        out: Output::new(connection.json, to),
    })
}

/// The id of the thing that people call by name or id, among the objects of a list.
fn id_of(objects: &Value, wanted: &str, what: &str) -> Result<String, CliError> {
    let all = objects.as_array().map(Vec::as_slice).unwrap_or_default();
    let is = |field: &str| {
        all.iter()
            .filter(|one| one[field].as_str() == Some(wanted))
            .collect::<Vec<_>>()
    };
    let found = match is("id") {
        exact if !exact.is_empty() => exact,
        _ => is("name"),
    };
    match found.as_slice() {
        [one] => Ok(one["id"].as_str().unwrap_or_default().to_owned()),
        [] => {
            let names: Vec<&str> = all.iter().filter_map(|one| one["name"].as_str()).take(20).collect();
            Err(CliError::Usage(format!(
                "there is no {what} {wanted}; there are: {}",
                names.join(", ")
            )))
        }
        _ => Err(CliError::Usage(format!(
            "several {what}s are called {wanted}: say which by its id"
        ))),
    }
}

/// `NAME=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn things_are_called_by_id_or_by_a_name_that_is_one_only() {
        let all = json!([{"id": "1", "name": "a"}, {"id": "2", "name": "b"}, {"id": "3", "name": "b"}, {"id": "a", "name": "c"}]);
        let id = |wanted: &str| id_of(&all, wanted, "runner").map_err(|error| error.to_string());
        assert_eq!(id("1"), Ok("1".into()));
        assert_eq!(id("a"), Ok("a".into()), "an id comes before a name");
        assert_eq!(id("c"), Ok("a".into()));
        assert!(id("b").unwrap_err().contains("several"));
        assert!(id("x").unwrap_err().contains("there are: a, b"));
    }
}
