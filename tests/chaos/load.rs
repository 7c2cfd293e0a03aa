//! Clients that make, use and delete sandboxes, and remember what they were promised.

use sandbar_tests::Api;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What was acknowledged of one sandbox.
struct Promise {
    sandbox: Value,
    /// Lines that were acknowledged as written to its file, in order.
    lines: Vec<String>,
    /// Whether a delete was sent, and whether it was acknowledged.
    deleted: Option<bool>,
}

/// All promises of a load.
#[derive(Default)]
pub struct Ledger {
    promises: Mutex<Vec<Promise>>,
    answers: Mutex<BTreeMap<String, usize>>,
}

impl Ledger {
    /// How many sandboxes were acknowledged.
    pub fn made(&self) -> usize {
        self.promises.lock().expect("no panic under the lock").len()
    }

    /// How often there was which answer, for people.
    pub fn counts(&self) -> String {
        let answers = self.answers.lock().expect("no panic under the lock");
        let parts: Vec<String> = answers.iter().map(|(what, times)| format!("{what} {times}")).collect();
        parts.join(", ")
    }

    fn count(&self, what: &str, status: u16) {
        let mut answers = self.answers.lock().expect("no panic under the lock");
        *answers.entry(format!("{what}={status}")).or_default() += 1;
    }
}

/// A refusal says what it is: its status again, a name, and a reason.
pub fn typed(status: u16, text: &str) {
    assert!(status != 0, "no answer at all: {text}");
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    let reason = body["message"].as_str().unwrap_or_default();
    assert!(
        body["statusCode"] == status && !reason.is_empty() && (body["error"].is_string() || body["code"].is_string()),
        "an answer of {status} without a type: {text}"
    );
}

/// Makes, writes, reads and deletes until told to stop.
pub fn client(api: &Api, regions: [&str; 2], seed: u64, ledger: &Ledger, stop: &AtomicBool) {
    let mut dice = Dice(seed | 1);
    let mut mine: Vec<Promise> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        match dice.roll(10) {
            0..4 if mine.len() < 9 => {
                let region = regions[dice.roll(regions.len() as u64) as usize];
                let made = api.post("/sandbox", &json!({ "target": region }));
                ledger.count("create", made.status);
                if made.status == 200 {
                    assert_eq!(made.json["target"], region, "{}", made.text);
                    mine.push(Promise {
                        sandbox: made.json,
                        lines: Vec::new(),
                        deleted: None,
                    });
                } else {
                    typed(made.status, &made.text);
                }
            }
            4..9 if !mine.is_empty() => {
                let chosen = dice.roll(mine.len() as u64) as usize;
                let promise = &mut mine[chosen];
                let line = format!("{:016x}", dice.next());
                let wrote = api.exec(&promise.sandbox, &format!("echo {line} >> lines.txt"));
                ledger.count("exec", wrote.status);
                if wrote.status != 200 {
                    typed(wrote.status, &wrote.text);
                } else if wrote.json["exitCode"] == 0 {
                    promise.lines.push(line);
                }
            }
            9 if mine.len() > 4 => {
                let mut promise = mine.swap_remove(dice.roll(mine.len() as u64) as usize);
                let gone = api.delete(&path(&promise.sandbox));
                ledger.count("delete", gone.status);
                if gone.status != 200 {
                    typed(gone.status, &gone.text);
                }
                promise.deleted = Some(gone.status == 200);
                ledger.promises.lock().expect("no panic under the lock").push(promise);
            }
            _ => {}
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    ledger
        .promises
        .lock()
        .expect("no panic under the lock")
        .append(&mut mine);
}

/// Waits until nothing is under way, and then holds every promise against what is there.
pub fn settle(api: &Api, ledger: &Ledger) {
    let started = Instant::now();
    let steady = ["started", "stopped", "error"];
    loop {
        let moving: Vec<Value> = all(api)
            .into_iter()
            .filter(|sandbox| !steady.contains(&sandbox["state"].as_str().unwrap_or_default()))
            .collect();
        if moving.is_empty() {
            break;
        }
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "these are stuck: {moving:?}"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    for promise in ledger.promises.lock().expect("no panic under the lock").iter() {
        let found = api.get(&path(&promise.sandbox));
        match promise.deleted {
            Some(true) => assert!(
                found.status == 404 || found.json["desiredState"] == "destroyed",
                "deleted, and back: {} {}",
                found.status,
                found.text
            ),
            // Whoever got no answer to a delete cannot know.
            Some(false) => {}
            None => {
                assert_eq!(found.status, 200, "lost: {}", found.text);
                usable(api, &found.json);
                let read = api.exec(&found.json, "cat lines.txt 2>/dev/null; true");
                assert_eq!(read.status, 200, "{} {}", read.text, found.text);
                // Lines without an acknowledgement may be there, too; those with one must be, in their order.
                let mut there = read.json["result"].as_str().unwrap_or_default().lines();
                for line in &promise.lines {
                    assert!(
                        there.any(|one| one == line),
                        "acknowledged and gone: {line} of {:?}, in {}",
                        promise.lines,
                        read.text
                    );
                }
            }
        }
    }
}

/// A sandbox that was stopped is started; one in error is recovered, or comes back with its runner, which may have been
/// there again for a moment only.
fn usable(api: &Api, sandbox: &Value) {
    let started = Instant::now();
    let mut said = String::new();
    loop {
        let now = api.get(&path(sandbox)).json;
        let way = match now["state"].as_str() {
            Some("started") => return,
            Some("stopped") => Some("start"),
            Some("error") => Some("recover"),
            _ => None,
        };
        if let Some(way) = way {
            let again = api.post(&format!("{}/{way}", path(sandbox)), &json!({}));
            said = format!("{way}: {} {}", again.status, again.text);
        }
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "it does not start: {said} {now}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Every sandbox there is.
pub fn all(api: &Api) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("/sandbox?limit=200{cursor}"));
        assert_eq!(page.status, 200, "{}", page.text);
        all.extend(page.json["items"].as_array().cloned().unwrap_or_default());
        match page.json["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", next.replace('=', "%3D").replace('+', "%2B")),
            None => return all,
        }
    }
}

fn path(sandbox: &Value) -> String {
    format!("/sandbox/{}", sandbox["id"].as_str().unwrap_or_default())
}

/// Chance that a seed repeats (xorshift).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.next() % sides
    }
}
