//! Kills: trees, orphans, oneself, and a thousand at random.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sandbar_process::{Child, Descriptor, Errno, ExitStatus, Limits, Signal};

use crate::world::{Fixture, PATIENCE, detached, guest, sandbox, world};

fn tree(fixture: &Fixture, depth: &str) -> (Child, Descriptor) {
    let (reader, writer) = fixture.sandbox.pipe().expect("a pipe");
    let mut spawn = detached(&["tree", depth]);
    spawn.stdout = writer;
    let root = fixture.sandbox.spawn(spawn).expect("starts");
    world().runtime.block_on(async {
        let line = tokio::time::timeout(PATIENCE, reader.read(100)).await.expect("in time");
        assert_eq!(line.expect("reads").as_deref(), Some(&b"ready\n"[..]));
    });
    (root, reader)
}

#[test]
fn a_session_is_killed_whole_even_where_parents_are_gone() {
    let fixture = sandbox(Limits::default());
    let (root, reader) = tree(&fixture, "5");
    let processes = fixture.sandbox.processes();
    assert_eq!(processes.len(), 6);
    // One from the middle alone: its parent sees it end, its child goes on as an orphan.
    let middle = &processes[2];
    assert_eq!(middle.session, root.pid());
    root.kill(Signal::TERM).expect("lives");
    assert_eq!(
        world().runtime.block_on(root.wait()),
        ExitStatus::Signaled(Signal::TERM)
    );
    let left = fixture.sandbox.processes();
    assert_eq!((left.len(), left[0].parent), (5, 1), "{left:?}");
    assert!(root.kill_session(Signal::KILL));
    drop(reader);
    fixture.assert_clean();
    assert!(!root.kill_session(Signal::KILL));
    assert_eq!(root.kill(Signal::TERM), Err(Errno::NoProcess));
}

#[test]
fn what_a_command_leaves_in_the_background_goes_on_unheard() {
    let fixture = sandbox(Limits::default());
    let since = Instant::now();
    assert_eq!(fixture.run(&["leave", "1000"]), (0, "early\n".into()));
    assert!(since.elapsed() < Duration::from_millis(900), "{:?}", since.elapsed());
    assert_eq!(fixture.sandbox.usage().processes, 1, "the child goes on");
    fixture.assert_clean();
    let file = fixture
        .sandbox
        .tree()
        .read_file("/tmp/late", 100)
        .expect("it was written");
    assert_eq!(file, b"late");
}

#[test]
fn an_abandoned_exec_leaves_nothing() {
    let fixture = sandbox(Limits::default());
    world().runtime.block_on(async {
        let exec = fixture.sandbox.exec(guest(&["tree", "3"]));
        assert!(
            tokio::time::timeout(Duration::from_millis(100), exec).await.is_err(),
            "it must not end"
        );
    });
    fixture.assert_clean();
}

#[test]
fn a_guest_kills_and_awaits_its_children() {
    assert_eq!(sandbox(Limits::default()).run(&["kill-child"]), (0, "143 130\n".into()));
}

#[test]
fn who_kills_itself_does_nothing_more() {
    assert_eq!(sandbox(Limits::default()).run(&["kill-self"]), (143, String::new()));
}

#[test]
fn a_stopped_sandbox_starts_nothing() {
    let fixture = sandbox(Limits::default());
    fixture.sandbox.spawn(detached(&["fork-bomb"])).expect("starts");
    std::thread::sleep(Duration::from_millis(20));
    let stop = async { tokio::time::timeout(PATIENCE, fixture.sandbox.stop()).await };
    world().runtime.block_on(stop).expect("stops");
    fixture.assert_clean();
    assert_eq!(
        fixture.sandbox.spawn(detached(&["exit", "0"])).unwrap_err(),
        Errno::Limit
    );
}

/// A small generator (xorshift), so that a run can be repeated by its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

#[test]
fn a_thousand_kills_at_random_moments_leave_nothing() {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_nanos() as u64;
    let seed = std::env::var("SANDBAR_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(now | 1);
    println!("SANDBAR_TEST_SEED={seed}");
    let mut random = Random(seed);
    let fixture = sandbox(Limits {
        processes: 64,
        ..Limits::default()
    });
    let behaviours: [&[&str]; 6] = [
        &["sleep", "600000"],
        &["spin"],
        &["pipeline", "3", "1000000000"],
        &["tree", "3"],
        &["race", "1000"],
        &["yes"],
    ];
    let mut ended = 0;
    world().runtime.block_on(async {
        while ended < 1000 {
            let batch: Vec<_> = (0..4)
                .filter_map(|_| {
                    let behaviour = behaviours[random.below(6) as usize];
                    fixture.sandbox.spawn(detached(behaviour)).ok()
                })
                .collect();
            for child in batch {
                tokio::time::sleep(Duration::from_micros(random.below(2000))).await;
                // `yes` or a member of a race may be quicker.
                child.kill_session(Signal::KILL);
                let status = tokio::time::timeout(PATIENCE, child.wait()).await.expect("ends");
                assert!(matches!(status, ExitStatus::Signaled(_)), "{status}");
                ended += 1;
            }
        }
    });
    fixture.assert_clean();
    println!("{ended} kills, {} processes", fixture.sandbox.usage().started);
    assert_eq!(fixture.run(&["echo", "fine"]), (0, "fine\n".into()));
}
