//! The n-th call to the disk fails, for many n: nothing acknowledged is lost, no invariant breaks, and the store
//! either goes on or says why not.

#![allow(missing_docs, reason = "tests")]

mod common;
#[path = "common/load.rs"]
mod load;

use common::{assert_invariants, prepare, run, scratch, soak};
use load::{Record, lost, run_load};
use sandbar_sqlite::{
    Options, SqliteStore,
    fault::{Failure, Fault, FaultVfs, Random},
};
use sandbar_store::StoreError;

async fn fail(fault: Fault, seed: u64) -> u64 {
    let directory = scratch();
    let vfs = FaultVfs::register();
    let options = Options {
        vfs: Some(vfs.name().to_owned()),
        checkpoint_pages: 60,
        background_checkpoint: false,
        ..Options::default()
    };
    let path = directory.path().join("plane.db");
    let store = SqliteStore::open(&path, &options).expect("it opens");
    prepare(&store, 30).await;
    vfs.disk().arm(Some(fault));
    let record = Record::default();
    run_load(&store, &record, 8, &mut Random::new(seed)).await;
    let struck = vfs.disk().faults();
    vfs.disk().arm(None);

    // The disk is well again: the store goes on, or has given a reason.
    let what = format!("{fault:?}, seed {seed}");
    match common::create(&store, "afterwards").await {
        Ok(_) | Err(StoreError::Conflict(_)) => {}
        Err(StoreError::Unavailable(_)) => assert!(store.failure().is_some(), "{what}: stuck without a reason"),
        Err(error) => panic!("{what}: {error}"),
    }
    assert_invariants(&store).await;
    store.close();
    drop(store);
    let store = SqliteStore::open(&path, &Options::default()).expect("it opens again");
    assert_invariants(&store).await;
    let lost = lost(&store, &record).await;
    assert!(lost.is_empty(), "{what}: {lost:#?}");
    struck
}

fn sweep(failure: Failure, forever: bool, last: u64, stride: usize) {
    run(async {
        let mut struck = 0;
        for seed in 0..soak() {
            for at in (1 + seed % stride as u64..=last).step_by(stride) {
                struck += fail(Fault { failure, at, forever }, seed).await;
            }
        }
        assert!(struck > 5, "only {struck} faults struck");
    });
}

#[test]
fn any_call_fails_once() {
    sweep(Failure::Any, false, 400, 11);
}

#[test]
fn from_some_call_on_all_fail() {
    sweep(Failure::Any, true, 400, 23);
}

#[test]
fn the_disk_is_full_for_one_write() {
    sweep(Failure::Full, false, 300, 13);
}

#[test]
fn the_disk_is_full_from_some_write_on() {
    sweep(Failure::Full, true, 300, 29);
}

#[test]
fn a_sync_fails_once() {
    sweep(Failure::Sync, false, 16, 2);
}
