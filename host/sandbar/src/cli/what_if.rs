//! `sandbar what-if`: decisions of before, by another scheduler.

use super::{Places, runtime};
use anyhow::{Context, Result};
use clap::Args;
use sandbar::replay::{Facts, Outcome, Replay};
use sandbar_cli::client::query;
use sandbar_cli::{CliError, Connection};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

/// Decisions fetched at once.
const PAGE: u64 = 1000;

/// Ask another scheduler component what it would have decided, over the platform's journal of decisions.
#[derive(Args)]
pub struct WhatIf {
    /// The component (.wasm), one that exports sandbar:scheduler/placement
    #[arg(long, value_name = "FILE")]
    scheduler: PathBuf,
    /// Only decisions of this region (id); needed unless you are an operator
    #[arg(long, value_name = "ID")]
    region: Option<String>,
    /// Only the newest so many
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    last: usize,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    places: Places,
}

/// How the answers compare.
#[derive(Default)]
struct Comparison {
    same: usize,
    other_runner: usize,
    now_refused: usize,
    now_placed: usize,
    failed: usize,
    /// Placements on each runner: then, and by the other scheduler.
    by_runner: BTreeMap<String, (usize, usize)>,
    differences: Vec<Value>,
}

impl WhatIf {
    /// Prints how the answers compare.
    pub fn run(self) -> Result<()> {
        let engine = sandbar::control_engine()?;
        let replay = sandbar::replay::load(&engine, &self.places.cache(), &self.scheduler)
            .with_context(|| format!("{} is no scheduler", self.scheduler.display()))?;
        let decisions = self.fetch()?;
        let comparison = runtime()?.block_on(compare(&replay, &decisions))?;
        let mut out = std::io::stdout().lock();
        let text = if self.connection.json {
            comparison.json().to_string()
        } else {
            comparison.words()
        };
        writeln!(out, "{text}")?;
        Ok(())
    }

    fn fetch(&self) -> Result<Vec<Value>> {
        let client = self.connection.client()?;
        let (mut all, mut after) = (Vec::new(), 0_u64);
        loop {
            let page = client.get(&format!(
                "/admin/decisions{}",
                query(&[
                    ("after", Some(after.to_string())),
                    ("limit", Some(PAGE.to_string())),
                    ("region", self.region.clone()),
                ])
            ))?;
            let found = page["decisions"].as_array().cloned().unwrap_or_default();
            let next = page["position"].as_u64().unwrap_or(after);
            if found.is_empty() || next <= after {
                break;
            }
            after = next;
            all.extend(found);
            let surplus = all.len().saturating_sub(self.last);
            all.drain(..surplus);
        }
        Ok(all)
    }
}

async fn compare(replay: &Replay, decisions: &[Value]) -> Result<Comparison> {
    let mut sum = Comparison::default();
    for decision in decisions {
        let facts: Facts = serde_json::from_value(decision["facts"].clone())
            .map_err(|error| CliError::Answer(format!("a decision: {error}")))?;
        let answer = replay.decide(&facts).await;
        if let Outcome::Chosen { runner } = &facts.outcome {
            sum.by_runner.entry(runner.clone()).or_default().0 += 1;
        }
        if let Ok(Outcome::Chosen { runner }) = &answer {
            sum.by_runner.entry(runner.clone()).or_default().1 += 1;
        }
        let (then, now) = (words(&Ok(facts.outcome.clone())), words(&answer));
        match (&facts.outcome, &answer) {
            (_, Err(_)) => sum.failed += 1,
            (Outcome::Refused { .. }, Ok(Outcome::Refused { .. })) => sum.same += 1,
            (Outcome::Chosen { runner: a }, Ok(Outcome::Chosen { runner: b })) if a == b => sum.same += 1,
            (Outcome::Chosen { .. }, Ok(Outcome::Chosen { .. })) => sum.other_runner += 1,
            (Outcome::Chosen { .. }, Ok(Outcome::Refused { .. })) => sum.now_refused += 1,
            (Outcome::Refused { .. }, Ok(Outcome::Chosen { .. })) => sum.now_placed += 1,
        }
        if then != now {
            sum.differences.push(json!({
                "position": decision["position"], "sandboxId": decision["sandboxId"], "then": then, "whatIf": now
            }));
        }
    }
    Ok(sum)
}

fn words(outcome: &Result<Outcome, String>) -> String {
    match outcome {
        Ok(Outcome::Chosen { runner }) => runner.clone(),
        Ok(Outcome::Refused { .. }) => "refused".to_owned(),
        Err(error) => format!("no answer: {error}"),
    }
}

impl Comparison {
    fn total(&self) -> usize {
        self.same + self.other_runner + self.now_refused + self.now_placed + self.failed
    }

    fn json(&self) -> Value {
        let by_runner: Vec<Value> = self
            .by_runner
            .iter()
            .map(|(runner, (then, now))| json!({"runnerId": runner, "then": then, "whatIf": now}))
            .collect();
        json!({
            "decisions": self.total(), "same": self.same, "otherRunner": self.other_runner,
            "nowRefused": self.now_refused, "nowPlaced": self.now_placed, "failed": self.failed,
            "byRunner": by_runner, "differences": self.differences,
        })
    }

    fn words(&self) -> String {
        let mut text = format!(
            "{} decisions: {} the same, {} on another runner, {} refused that were placed, {} placed that were refused, {} without an answer",
            self.total(),
            self.same,
            self.other_runner,
            self.now_refused,
            self.now_placed,
            self.failed
        );
        for (runner, (then, now)) in &self.by_runner {
            text.push_str(&format!("\n  {runner}: {then} then, {now} by the other"));
        }
        text
    }
}
