//! A load of verbs, with a record of what was acknowledged.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use sandbar_sqlite::{SqliteStore, fault::Random};
use sandbar_store::{Settings, StoreError};

use crate::common::{NOW, ORGANIZATION, create, destroy, seen};

/// What the store has acknowledged of one sandbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acknowledged {
    pub generation: u64,
    pub desired: String,
    pub auto_stop: Option<u32>,
    /// Reported as destroyed; that may be lost, or not.
    pub gone: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Record(Arc<Mutex<BTreeMap<String, Acknowledged>>>);

impl Record {
    pub fn all(&self) -> BTreeMap<String, Acknowledged> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update(&self, id: &str, update: impl FnOnce(&mut Acknowledged)) {
        update(
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(id.to_owned())
                .or_default(),
        );
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
                    if create(&store, &id).await.is_ok() {
                        record.update(&id, |it| {
                            it.generation = 1;
                            it.desired = "started".into();
                        });
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
        match random.below(4) {
            0 => set(store, record, id, round as u32 + 100).await,
            1 => report(store, record, id, it.generation, "started").await,
            2 if it.desired == "destroyed" => report(store, record, id, it.generation, "destroyed").await,
            _ => {
                if let Ok(changed) = destroy(store, id, it.generation).await {
                    record.update(id, |it| {
                        it.generation = changed.generation;
                        it.desired = changed.desired;
                    });
                }
            }
        }
        // Claims and listings are part of a life; their outcome is judged elsewhere.
        let _ = store.claim_jobs("r".into(), 5, NOW + round, 10).await;
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
        record.update(id, |it| it.auto_stop = Some(auto_stop));
    }
}

async fn report(store: &SqliteStore, record: &Record, id: &str, generation: u64, state: &str) {
    let done = store
        .report("r".into(), 0, vec![seen(id, generation, state)], None, NOW)
        .await;
    // Also a report whose outcome is unknown may have happened.
    if state == "destroyed" && !matches!(done, Err(StoreError::Conflict(_))) {
        record.update(id, |it| it.gone = true);
    }
}

/// Checks that everything acknowledged is there; gives what is not.
pub async fn lost(store: &SqliteStore, record: &Record) -> Vec<String> {
    let mut lost = Vec::new();
    for (id, it) in record.all() {
        match store.get_sandbox(ORGANIZATION.into(), id.clone()).await {
            Ok(found) => {
                // A newer intent or setting may have been committed without its answer getting out.
                let settings = it.auto_stop.is_none_or(|minutes| found.auto_stop >= minutes);
                let intent = found.generation > it.generation
                    || (found.generation == it.generation && found.desired == it.desired);
                if !settings || !intent {
                    lost.push(format!("{id}: acknowledged {it:?}, found {found:?}"));
                }
            }
            Err(_) if it.gone => {}
            Err(error) => lost.push(format!("{id}: acknowledged {it:?}, {error}")),
        }
    }
    lost
}
