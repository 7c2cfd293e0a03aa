//! A load of verbs, with a record of what was acknowledged.

#![allow(dead_code, reason = "each test binary uses some of these")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use sandbar_sqlite::{SqliteStore, fault::Random};
use sandbar_store::{ApiKey, Finding, Grant, GrantKind, Quota, Sandbox, Settings, StoreError};

use crate::common::{NOW, ORGANIZATION, REGION, create, destroy, placed_on, seen};

/// What the store has acknowledged of one sandbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acknowledged {
    pub generation: u64,
    pub desired: String,
    pub cpu: u32,
    pub auto_stop: Option<u32>,
    /// Reported as destroyed; that may be lost, or not.
    pub gone: bool,
}

impl Acknowledged {
    fn of(it: &Sandbox) -> Self {
        Self {
            generation: it.generation,
            desired: it.desired.clone(),
            cpu: it.cpu,
            ..Self::default()
        }
    }

    fn newer(&mut self, it: &Sandbox) {
        (self.generation, self.cpu) = (it.generation, it.cpu);
        self.desired.clone_from(&it.desired);
        self.gone |= it.state == "destroyed";
    }
}

#[derive(Debug, Clone, Default)]
pub struct Record {
    sandboxes: Arc<Mutex<BTreeMap<String, Acknowledged>>>,
    /// Hashes of keys, and of grants.
    keys: Arc<Mutex<BTreeSet<String>>>,
    grants: Arc<Mutex<BTreeMap<String, String>>>,
    /// CPUs of the quota, as last set; they only grow.
    quota: Arc<Mutex<u32>>,
    /// Which kinds of change were acknowledged at all.
    kinds: Arc<Mutex<BTreeSet<&'static str>>>,
}

/// Every kind of change that a load makes.
const KINDS: [&str; 10] = [
    "create", "settings", "report", "destroy", "resize", "replace", "find out", "key", "grant", "quota",
];

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Record {
    pub fn all(&self) -> BTreeMap<String, Acknowledged> {
        locked(&self.sandboxes).clone()
    }

    fn update(&self, id: &str, update: impl FnOnce(&mut Acknowledged)) {
        update(locked(&self.sandboxes).entry(id.to_owned()).or_default());
    }

    /// The kinds of change that were never acknowledged.
    pub fn missed(&self) -> Vec<&'static str> {
        let done = locked(&self.kinds);
        KINDS.into_iter().filter(|kind| !done.contains(kind)).collect()
    }

    fn did(&self, kind: &'static str) {
        locked(&self.kinds).insert(kind);
    }

    fn take(&self, kind: &'static str, done: Result<Sandbox, StoreError>) {
        if let Ok(it) = done {
            self.did(kind);
            self.update(&it.id, |known| known.newer(&it));
        }
    }
}

/// Creates, some of them at once; then settings, intents and reports on what is there. Errors end nothing: a client
/// would go on as well.
pub async fn run_load(store: &SqliteStore, record: &Record, rounds: u64, random: &mut Random) {
    for round in 0..rounds {
        let at_once = 1 + random.below(4);
        let creates: Vec<_> = (0..at_once)
            .map(|number| {
                let (store, record) = (store.clone(), record.clone());
                tokio::spawn(async move {
                    let id = format!("s{round}-{number}");
                    if let Ok(made) = create(&store, &id).await {
                        record.did("create");
                        record.update(&id, |it| *it = Acknowledged::of(&made));
                    }
                })
            })
            .collect();
        for create in creates {
            create.await.expect("no panic");
        }
        let known: Vec<_> = record.all().into_iter().filter(|(_, it)| !it.gone).collect();
        if known.is_empty() {
            continue;
        }
        let (id, it) = &known[random.below(known.len() as u64) as usize];
        // In turn, so that each has its turn; on which sandbox, and so in which state, is chance.
        match round % 7 {
            0 => accounts(store, record, id, round).await,
            1 => set(store, record, id, round as u32 + 100).await,
            2 => record.take("replace", replace(store, id, it.generation).await),
            3 => {
                report(store, record, id, it.generation, "started").await;
                record.take("resize", resize(store, id, it.generation, 1 + round as u32 % 3).await);
            }
            4 => find_out(store, record, id, it.generation, random.below(2) == 0).await,
            _ if it.desired == "destroyed" => report(store, record, id, it.generation, "destroyed").await,
            _ => record.take("destroy", destroy(store, id, it.generation).await),
        }
        // Claims and listings are part of a life; their outcome is judged elsewhere.
        let _ = store.claim_jobs("r".into(), 5, NOW + round, 10).await;
    }
}

async fn resize(store: &SqliteStore, id: &str, generation: u64, cpu: u32) -> Result<Sandbox, StoreError> {
    let (job, payload) = (format!("resize-{id}"), "{}".to_owned());
    store
        .resize_sandbox(id.into(), generation, cpu, 1, 1, None, job, payload, NOW)
        .await
}

async fn replace(store: &SqliteStore, id: &str, generation: u64) -> Result<Sandbox, StoreError> {
    let placement = placed_on("r", &format!("replace-{id}"));
    store.replace_runner(id.into(), generation, placement, NOW).await
}

async fn find_out(store: &SqliteStore, record: &Record, id: &str, generation: u64, release: bool) {
    let finding = Finding {
        sandbox: id.into(),
        generation,
        state: "error".into(),
        error_reason: Some("found out".into()),
        recoverable: false,
        fence: true,
        release,
    };
    for it in store.find_out(vec![finding], NOW).await.unwrap_or_default() {
        record.take("find out", Ok(it));
    }
}

/// A key, a grant, a quota, a process: one durable fact each.
async fn accounts(store: &SqliteStore, record: &Record, sandbox: &str, round: u64) {
    let hash = format!("{round:064}");
    let key = ApiKey {
        organization: ORGANIZATION.into(),
        user: "user".into(),
        name: format!("key {round}"),
        hint: String::new(),
        permissions: vec!["write:sandboxes".into()],
        created: NOW,
        last_used: None,
        expires: None,
    };
    if store.create_key(key, hash.clone()).await.is_ok() {
        record.did("key");
        locked(&record.keys).insert(hash.clone());
    }
    let grant = Grant {
        id: hash.clone(),
        kind: GrantKind::Ssh,
        sandbox: sandbox.into(),
        organization: ORGANIZATION.into(),
        port: 0,
        created: NOW,
        expires: NOW + 1,
    };
    if store.create_grant(grant, hash.clone()).await.is_ok() {
        // Those of the same moment have not run out for one another.
        record.did("grant");
        locked(&record.grants).insert(hash, sandbox.into());
    }
    let quota = Quota {
        organization: ORGANIZATION.into(),
        region: REGION.into(),
        cpu: round as u32 + 1,
        memory_gib: 1,
        disk_gib: 1,
        updated: NOW,
    };
    if store.put_quota(quota).await.is_ok() {
        record.did("quota");
        *locked(&record.quota) = round as u32 + 1;
    }
}

async fn set(store: &SqliteStore, record: &Record, id: &str, auto_stop: u32) {
    let settings = Settings {
        auto_stop: Some(auto_stop),
        ..Settings::default()
    };
    if store
        .change_settings(ORGANIZATION.into(), id.into(), settings, NOW)
        .await
        .is_ok()
    {
        record.did("settings");
        record.update(id, |it| it.auto_stop = Some(auto_stop));
    }
}

async fn report(store: &SqliteStore, record: &Record, id: &str, generation: u64, state: &str) {
    let done = store
        .report("r".into(), 0, vec![seen(id, generation, state)], None, NOW)
        .await;
    if done.is_ok() {
        record.did("report");
    }
    // Also a report whose outcome is unknown may have happened.
    if state == "destroyed" && !matches!(done, Err(StoreError::Conflict(_))) {
        record.update(id, |it| it.gone = true);
    }
}

/// Checks that everything acknowledged is there; gives what is not.
pub async fn lost(store: &SqliteStore, record: &Record) -> Vec<String> {
    let mut lost = Vec::new();
    let all = record.all();
    for (id, it) in &all {
        match store.get_sandbox(ORGANIZATION.into(), id.clone()).await {
            Ok(found) => {
                // A newer intent or setting may have been committed without its answer getting out.
                let settings = it.auto_stop.is_none_or(|minutes| found.auto_stop >= minutes);
                let intent = found.generation > it.generation
                    || (found.generation == it.generation && found.desired == it.desired && found.cpu == it.cpu);
                if !settings || !intent {
                    lost.push(format!("{id}: acknowledged {it:?}, found {found:?}"));
                }
            }
            // A released one is destroyed by an intent alone, whose answer may not have got out.
            Err(StoreError::NotFound(_)) if it.gone || destroyed(store, id).await => {}
            Err(error) => lost.push(format!("{id}: acknowledged {it:?}, {error}")),
        }
    }
    let keys = locked(&record.keys).clone();
    for hash in keys {
        if !matches!(store.authenticate(hash.clone()).await, Ok(Some(_))) {
            lost.push(format!("key {hash}"));
        }
    }
    let grants = locked(&record.grants).clone();
    for (hash, sandbox) in grants {
        let kept = store.get_grant(GrantKind::Ssh, hash.clone()).await;
        let gone = all.get(&sandbox).is_some_and(|it| it.gone) || destroyed(store, &sandbox).await;
        if !matches!(kept, Ok(Some(_))) && !gone {
            lost.push(format!("grant {hash}"));
        }
    }
    let quota = *locked(&record.quota);
    let found = store.list_quotas(ORGANIZATION.into()).await.unwrap_or_default();
    if quota > 0 && found.first().is_none_or(|it| it.cpu < quota) {
        lost.push(format!("quota of {quota}: {found:?}"));
    }
    lost
}

/// Whether the store itself says that the sandbox was there and is destroyed.
async fn destroyed(store: &SqliteStore, id: &str) -> bool {
    let told = store.changes(ORGANIZATION.into(), 0, 1_000).await.unwrap_or_default();
    told.iter()
        .any(|it| it.id == id && it.state == "destroyed" && it.desired == "destroyed")
}
