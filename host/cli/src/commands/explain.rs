//! `sandbar explain SANDBOX`: why it is where it is.

use super::{Session, Verb};
use crate::client::{CliError, segment};
use crate::output::{Column, cell};
use clap::Args;
use serde_json::{Map, Value, json};

/// Why a sandbox is where it is: every decision about its place, with what it rested on.
#[derive(Args)]
pub struct Explain {
    /// Name or id
    sandbox: String,
}

/// Most candidates that are shown of one decision: the rest is in the JSON.
const SHOWN: usize = 12;

const COLUMNS: &[Column] = &[
    ("", |row| cell(&row["mark"])),
    ("RUNNER", |row| cell(&row["runner"])),
    ("FREE CPU", |row| cell(&row["cpu"])),
    ("FREE MEMORY GiB", |row| cell(&row["memory"])),
    ("FREE DISK GiB", |row| cell(&row["disk"])),
    ("STARTED", |row| cell(&row["started"])),
    ("LOOKED AT AS", |row| cell(&row["note"])),
];

impl Verb for Explain {
    fn run(self, session: &mut Session<'_>) -> Result<(), CliError> {
        let found = session
            .client
            .get(&format!("/sandbox/{}/placement", segment(&self.sandbox)))?;
        if session.out.is_json() {
            return session.out.show(&found);
        }
        // Names for ids, where the caller may see them.
        let names = runner_names(session);
        let name = |id: &Value| {
            names
                .get(id.as_str().unwrap_or_default())
                .map_or_else(|| cell(id), cell)
        };
        let place = match &found["runnerId"] {
            Value::Null => "on no runner".to_owned(),
            id => format!("on runner {}", name(id)),
        };
        session.out.hint(&format!(
            "sandbox {} is in region {}, {place}",
            cell(&found["sandboxId"]),
            cell(&found["regionId"])
        ))?;
        let decisions = found["decisions"].as_array().map(Vec::as_slice).unwrap_or_default();
        if decisions.is_empty() {
            return session.out.hint("The journal has no decision about it any more.");
        }
        for decision in decisions {
            session.out.hint(&format!("\n{}", sentence(decision, &name)))?;
            let rows = candidates(decision, &name);
            if !rows.is_empty() {
                session.out.list(&Value::Array(rows), COLUMNS)?;
            }
        }
        Ok(())
    }
}

fn runner_names(session: &Session<'_>) -> Map<String, Value> {
    let all = session
        .client
        .get("/admin/runners")
        .or_else(|_| session.client.get("/runners"))
        .unwrap_or_default();
    let pair = |runner: &Value| Some((runner["id"].as_str()?.to_owned(), runner["name"].clone()));
    all.as_array().into_iter().flatten().filter_map(pair).collect()
}

fn sentence(decision: &Value, name: &impl Fn(&Value) -> String) -> String {
    let need = &decision["facts"]["need"];
    let wanted = format!(
        "{} CPU, {} GiB of memory and {} GiB of disk",
        cell(&thousandths(&need[0], 1000.0)),
        cell(&thousandths(&need[1], 1024.0)),
        cell(&thousandths(&need[2], 1024.0))
    );
    let chosen = &decision["outcome"]["chosen"];
    let outcome = if chosen.is_object() {
        format!(
            "placed on {} with score {}",
            name(&chosen["runner"]),
            cell(&chosen["score"])
        )
    } else {
        format!("refused: {}", cell(&decision["outcome"]["refused"]["reason"]))
    };
    let widened = if decision["widened"] == true {
        ", the whole region after a window without room"
    } else {
        ""
    };
    format!(
        "{}  {outcome}\n  policy {}; {wanted} were needed; runners looked at: {}{widened}",
        cell(&decision["at"]),
        cell(&decision["policy"]),
        cell(&decision["considered"]),
    )
}

/// The journal's rows: id, flags, last report, allocatable and sold CPU, memory and disk, started sandboxes, loads.
fn candidates(decision: &Value, name: &impl Fn(&Value) -> String) -> Vec<Value> {
    let facts = &decision["facts"];
    let chosen = &decision["outcome"]["chosen"]["runner"];
    let avoid = facts["avoid"].as_array().map(Vec::as_slice).unwrap_or_default();
    let all = facts["candidates"].as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |one: &Value| {
        let free = |at: usize, unit: f64| {
            let left = one[at + 3].as_f64().unwrap_or_default() - one[at + 6].as_f64().unwrap_or_default();
            json!(left / unit)
        };
        let flags = one[1].as_u64().unwrap_or_default();
        let silence = facts["now"]
            .as_u64()
            .unwrap_or_default()
            .saturating_sub(one[2].as_u64().unwrap_or_default());
        let mut notes = vec![format!(
            "heard {:.1} s before",
            Value::from(silence).as_f64().unwrap_or_default() / 1000.0
        )];
        for (there, word) in [
            (flags & 1 != 0, "unschedulable"),
            (flags & 2 != 0, "draining"),
            (flags & 4 == 0, "unhealthy"),
            (avoid.contains(&one[0]), "has failed with it before"),
        ] {
            if there {
                notes.push(word.to_owned());
            }
        }
        json!({
            "mark": if one[0] == *chosen { "*" } else { "" }, "runner": name(&one[0]),
            "cpu": free(0, 1000.0), "memory": free(1, 1024.0), "disk": free(2, 1024.0),
            "started": one[9], "note": notes.join(", "),
        })
    };
    let (best, others): (Vec<&Value>, Vec<&Value>) = all.iter().partition(|one| one[0] == *chosen);
    best.into_iter().chain(others).take(SHOWN).map(row).collect()
}

fn thousandths(value: &Value, unit: f64) -> Value {
    json!(value.as_f64().unwrap_or_default() / unit)
}
