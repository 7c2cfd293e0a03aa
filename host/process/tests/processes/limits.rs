//! Bombs end in an error by name, and the sandbox stays usable.

use sandbar_process::Limits;

use crate::world::{detached, sandbox};

#[test]
fn a_spawn_bomb_meets_the_limit_of_processes() {
    let fixture = sandbox(Limits {
        processes: 20,
        ..Limits::default()
    });
    // The bomb itself is one of the twenty.
    assert_eq!(fixture.run(&["bomb"]), (0, "refused with limit after 19\n".into()));
    fixture.assert_clean();
    assert_eq!(fixture.run(&["echo", "fine"]), (0, "fine\n".into()));
}

#[test]
fn a_spawn_bomb_meets_the_limit_of_memory() {
    let fixture = sandbox(Limits {
        memory_bytes: 32 << 20,
        ..Limits::default()
    });
    let (code, text) = fixture.run(&["bomb"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("refused with memory after "), "{text}");
    fixture.assert_clean();
}

#[test]
fn pipes_meet_their_limit() {
    let fixture = sandbox(Limits {
        pipes: 50,
        ..Limits::default()
    });
    assert_eq!(fixture.run(&["pipes"]), (0, "refused with limit after 50\n".into()));
    fixture.assert_clean();
}

#[test]
fn one_sandbox_at_its_limit_leaves_others_alone() {
    let (full, other) = (
        sandbox(Limits {
            processes: 3,
            ..Limits::default()
        }),
        sandbox(Limits::default()),
    );
    for _ in 0..3 {
        full.sandbox.spawn(detached(&["sleep", "600000"])).expect("starts");
    }
    assert_eq!(
        full.sandbox.spawn(detached(&["exit", "0"])).unwrap_err(),
        sandbar_process::Errno::Limit
    );
    assert_eq!(other.run(&["echo", "fine"]), (0, "fine\n".into()));
    full.sandbox.kill_all();
    full.assert_clean();
}
