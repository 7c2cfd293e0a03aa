//! A runner that speaks the protocol and runs nothing: it does as it is told, or fails as the test wants.

use crate::plane::{Answer, Client, Plane};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A registered machine.
pub struct Machine {
    pub id: String,
    pub token: String,
    client: Client,
    answers: Arc<AtomicBool>,
    fails: Arc<AtomicBool>,
    fails_tasks: Arc<AtomicBool>,
    done: Arc<Mutex<Vec<Value>>>,
}

/// The body of a health check of a machine of this size.
pub fn health(cpu: u32, memory_gib: u32, disk_gib: u32) -> Value {
    json!({
        "metrics": {
            "currentCpuLoadAverage": 0.1, "currentCpuUsagePercentage": 3, "currentMemoryUsagePercentage": 10,
            "currentDiskUsagePercentage": 10, "currentAllocatedCpu": 0, "currentAllocatedMemoryGiB": 0,
            "currentAllocatedDiskGiB": 0, "currentSnapshotCount": 1, "currentStartedSandboxes": 0,
            "cpu": cpu, "memoryGiB": memory_gib, "diskGiB": disk_gib,
        },
        "serviceHealth": [{"serviceName": "cells", "healthy": true}],
        "snapshots": ["sandbar"],
        "appVersion": "0.1.0",
    })
}

impl Machine {
    /// Registers a machine with this many CPUs by `owner`, and lets it report and work.
    pub async fn start(plane: &Arc<Plane>, owner: &Client, region: &str, name: &str, cpus: u32) -> Self {
        let body = json!({"regionId": region, "name": name, "tags": ["test"]});
        let made = owner.post("/api/runners", body).await.ok(201);
        let token = made.text("apiKey");
        let it = Self {
            id: made.text("id"),
            client: plane.client(&token),
            token,
            answers: Arc::new(AtomicBool::new(true)),
            fails: Arc::new(AtomicBool::new(false)),
            fails_tasks: Arc::new(AtomicBool::new(false)),
            done: Arc::default(),
        };
        it.report(json!([]), Some(health(cpus, cpus * 2, cpus * 10)))
            .await
            .ok(200);
        it.work();
        it
    }

    /// A report.
    pub async fn report(&self, observations: Value, health: Option<Value>) -> Answer {
        let body = json!({"observations": observations, "health": health});
        self.client.post("/api/runners/report", body).await
    }

    /// What it was told to do, newest last.
    pub fn done(&self) -> Vec<Value> {
        self.done.lock().expect("no panic").clone()
    }

    /// From now on jobs are taken and not answered, or they are.
    pub fn answers(&self, yes: bool) {
        self.answers.store(yes, Ordering::SeqCst);
    }

    /// From now on creates fail, or they do not.
    pub fn fails(&self, yes: bool) {
        self.fails.store(yes, Ordering::SeqCst);
    }

    /// From now on snapshots, backups and builds fail, or they do not.
    pub fn fails_tasks(&self, yes: bool) {
        self.fails_tasks.store(yes, Ordering::SeqCst);
    }

    /// Ends a task by hand.
    pub async fn end(&self, job: &Value) -> Answer {
        self.client.post(&status(job), end_of(job, false)).await
    }

    /// The newest job of this kind that it was given.
    pub async fn told(&self, kind: &str) -> Value {
        for _ in 0..200 {
            if let Some(job) = self.done().iter().rev().find(|job| job["type"] == kind) {
                return job.clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("no {kind} among {:?}", self.done());
    }

    fn work(&self) {
        let (client, answers, fails) = (self.client.clone(), Arc::clone(&self.answers), Arc::clone(&self.fails));
        let fails_tasks = Arc::clone(&self.fails_tasks);
        let done = Arc::clone(&self.done);
        // Ends with the runtime of the test.
        tokio::spawn(async move {
            loop {
                let polled = client.get("/api/jobs/poll?timeout=10&limit=50").await;
                let Some(jobs) = polled.json["jobs"].as_array() else {
                    return;
                };
                for job in jobs {
                    done.lock().expect("no panic").push(job.clone());
                    if !answers.load(Ordering::SeqCst) {
                        continue;
                    }
                    if job["resourceType"] != "SANDBOX" {
                        let body = end_of(job, fails_tasks.load(Ordering::SeqCst));
                        client.post(&status(job), body).await.ok(200);
                        continue;
                    }
                    let seen = observe(job, fails.load(Ordering::SeqCst));
                    let body = json!({"observations": [seen]});
                    client.post("/api/runners/report", body).await.ok(200);
                }
            }
        });
    }
}

fn status(job: &Value) -> String {
    format!("/api/jobs/{}/status", job["id"].as_str().unwrap_or_default())
}

/// The digest of everything that this machine makes.
pub fn manifest() -> String {
    format!("sha256:{}", "ab".repeat(32))
}

/// What comes of a task.
fn end_of(job: &Value, fails: bool) -> Value {
    if fails {
        return json!({"status": "FAILED", "errorMessage": "no disk left on this machine"});
    }
    let makes = !["REMOVE_SNAPSHOT", "REMOVE_VOLUME"].contains(&job["type"].as_str().unwrap_or_default());
    let made = json!({"manifest": manifest(), "bytes": 1 << 30}).to_string();
    json!({"status": "COMPLETED", "resultMetadata": makes.then_some(made)})
}

/// What comes of a job.
fn observe(job: &Value, fails: bool) -> Value {
    let payload: Value = serde_json::from_str(job["payload"].as_str().unwrap_or_default()).expect("a payload");
    let kind = job["type"].as_str().unwrap_or_default();
    let state = match kind {
        "CREATE_SANDBOX" if fails => "error",
        "STOP_SANDBOX" => "stopped",
        "DESTROY_SANDBOX" => "destroyed",
        _ => "started",
    };
    json!({
        "sandboxId": payload["id"], "generation": payload["generation"], "state": state, "recoverable": false,
        "errorReason": (state == "error").then_some("no memory left on this machine"), "jobId": job["id"],
    })
}
