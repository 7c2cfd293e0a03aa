//! Bombs end in an error by name, and the sandbox stays usable.

use sandbar_engine::MemoryBudget;
use sandbar_process::{Errno, Limits};

use crate::world::{detached, guest, sandbox, sandbox_on_machine};

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
    // The host may start some more, to look into a full sandbox; then it is refused as well.
    for _ in 0..3 + 4 {
        full.sandbox.spawn(detached(&["sleep", "600000"])).expect("starts");
    }
    assert_eq!(full.sandbox.spawn(detached(&["exit", "0"])).unwrap_err(), Errno::Limit);
    assert_eq!(other.run(&["echo", "fine"]), (0, "fine\n".into()));
    full.sandbox.kill_all();
    full.assert_clean();
}

#[test]
fn sandboxes_that_were_promised_more_than_there_is_share_what_there_is() {
    // Each may take 1 GiB; the machine has 64 MiB.
    let machine = MemoryBudget::new(64 << 20);
    let (one, two) = (
        sandbox_on_machine(&machine, Limits::default()),
        sandbox_on_machine(&machine, Limits::default()),
    );
    let (code, text) = one.run(&["grow", "100"]);
    assert!(code == 4 && text.starts_with("refused after "), "{code} {text}");
    let (code, text) = one.run(&["hold", "100", "0"]);
    let reason = "sh: guest: killed: out of memory (the machine has no more)\n";
    assert!(code == 137 && text.ends_with(reason), "{code} {text}");

    let mut held = 0;
    let refused = loop {
        match one.sandbox.spawn(detached(&["sleep", "600000"])) {
            Ok(_) => held += 1,
            Err(errno) => break errno,
        }
    };
    assert_eq!((refused, held > 1), (Errno::Machine, true), "{held} held");
    assert_eq!(two.exec(guest(&["echo", "fine"])).unwrap_err(), Errno::Machine);
    one.sandbox.kill_all();
    one.assert_clean();
    assert_eq!(two.run(&["echo", "fine"]), (0, "fine\n".into()));
    two.assert_clean();
    assert_eq!(machine.used(), 0);
}
