//! The power fails at each k-th write, and every page that was not synced is lost: all of it, some of it, or sectors
//! of it. What was acknowledged is there afterwards; what was not is there wholly or not at all.

#![allow(missing_docs, reason = "tests")]

mod common;
#[path = "common/load.rs"]
mod load;

use std::path::Path;

use common::{NOW, assert_invariants, bootstrap, create, run, runner, scratch, soak};
use load::{Record, lost, run_load};
use sandbar_sqlite::{
    Options, SqliteStore,
    fault::{Disk, FaultVfs, Loss, Random},
};

const ROUNDS: u64 = 16;

fn options(vfs: &FaultVfs) -> Options {
    Options {
        vfs: Some(vfs.name().to_owned()),
        // Small, so that copying the log and its starting over happen under the knife as well.
        checkpoint_pages: 60,
        background_checkpoint: false,
        ..Options::default()
    }
}

/// Opens a store and puts a load on it, as far as the disk allows; gives what was acknowledged, and whether the
/// first facts were.
async fn live(vfs: &FaultVfs, directory: &Path, seed: u64) -> (Record, bool) {
    let record = Record::default();
    let Ok(store) = SqliteStore::open(directory.join("plane.db"), &options(vfs)) else {
        return (record, false);
    };
    let booted = store.bootstrap(bootstrap()).await.is_ok();
    let prepared = booted
        && store
            .create_runner(runner("r", 30), "bb".repeat(32), true)
            .await
            .is_ok();
    run_load(&store, &record, ROUNDS, &mut Random::new(seed)).await;
    store.close();
    (record, prepared)
}

async fn check(disk: &Disk, loss: Loss, seed: u64, record: &Record, prepared: bool, what: &str) {
    let after = scratch();
    disk.survive_into(after.path(), loss, &mut Random::new(seed))
        .expect("files can be written");
    let store = match SqliteStore::open(after.path().join("plane.db"), &Options::default()) {
        Ok(store) => store,
        Err(error) => panic!("{what}: it does not open again: {error}"),
    };
    let breaches = store.broken_invariants().await.expect("invariants can be checked");
    assert!(breaches.is_empty(), "{what}: {breaches:#?}");
    let lost = lost(&store, record).await;
    assert!(lost.is_empty(), "{what}: {lost:#?}");
    if prepared {
        store.claim_jobs("r".into(), 100, NOW, 1).await.expect("it goes on");
        let made = create(&store, "afterwards").await;
        assert!(
            made.is_ok() || matches!(made, Err(sandbar_store::StoreError::Conflict(_))),
            "{what}: {made:?}"
        );
        assert_invariants(&store).await;
    }
}

#[test]
fn what_was_acknowledged_survives_the_loss_of_power_at_any_write() {
    run(async {
        let mut points = 0;
        // Kinds of change that no seed has ever got done: these would not have been tried.
        let mut never: Option<Vec<&str>> = None;
        for seed in 0..soak() {
            let directory = scratch();
            let vfs = FaultVfs::register();
            let (whole, _) = live(&vfs, directory.path(), seed).await;
            let missed = whole.missed();
            never
                .get_or_insert_with(|| missed.clone())
                .retain(|kind| missed.contains(kind));
            let writes = vfs.disk().changes();
            assert!(writes > 300, "{writes} writes are too few to mean anything");
            // Every write in a soak; a sample, other ones for each seed, in the daily run.
            let stride = if soak() > 1 { 1 } else { 31 };
            for at in (1 + seed % stride..=writes).step_by(stride as usize) {
                let directory = scratch();
                let vfs = FaultVfs::register();
                vfs.disk().cut_power_at(at);
                let (record, prepared) = live(&vfs, directory.path(), seed).await;
                for loss in [Loss::Everything, Loss::SomeWrites, Loss::TornSectors] {
                    let what = format!("seed {seed}, power lost at write {at}, {loss:?}");
                    check(vfs.disk(), loss, seed ^ at, &record, prepared, &what).await;
                    points += 1;
                }
            }
        }
        assert_eq!(never, Some(vec![]), "kinds of change that were never done");
        assert!(points > 30, "only {points} crashes were tried");
    });
}

#[test]
fn an_unsynced_write_is_really_lost_by_the_model() {
    // Without this, the test above could pass because its disk forgets nothing.
    run(async {
        let directory = scratch();
        let vfs = FaultVfs::register();
        let store = SqliteStore::open(directory.path().join("plane.db"), &options(&vfs)).expect("it opens");
        common::prepare(&store, 10).await;
        create(&store, "s").await.expect("a create");
        let said = vec![common::seen("s", 1, "started")];
        store
            .report("r".into(), 0, said, None, NOW)
            .await
            .expect("a report, not synced");
        let after = scratch();
        vfs.disk()
            .survive_into(after.path(), Loss::Everything, &mut Random::new(0))
            .expect("files can be written");
        let store = SqliteStore::open(after.path().join("plane.db"), &Options::default()).expect("it opens");
        let found = store
            .get_sandbox(common::ORGANIZATION.into(), "s".into())
            .await
            .expect("acknowledged");
        assert_eq!(found.state, "creating", "the report was not synced, so it is lost");
    });
}
