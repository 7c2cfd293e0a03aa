//! Programs that users bring, within a process: the compiler's server is a thread here, and its children are this very
//! program, started with the word `compile-guest`; hence a `main` of its own.

mod world;

use libtest_mimic::{Arguments, Trial};
use sandbar_process::Signal;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use world::{Fixture, World, wat};

fn main() -> ExitCode {
    let mut arguments = std::env::args();
    if arguments.nth(1).is_some_and(|word| word == world::CHILD) {
        return sandbar_compiler::child::run();
    }
    let cases: [(&str, fn()); 5] = [
        (
            "wasi_0_1_lives_under_the_same_layer",
            wasi_0_1_lives_under_the_same_layer,
        ),
        ("a_damaged_entry_is_compiled_again", a_damaged_entry_is_compiled_again),
        (
            "a_killed_process_leaves_the_compiler_to_others",
            a_killed_process_leaves_the_compiler_to_others,
        ),
        ("what_is_compiled_is_what_was_read", what_is_compiled_is_what_was_read),
        ("the_second_start_is_quick", the_second_start_is_quick),
    ];
    let trials = cases.map(|(name, case)| {
        Trial::test(name, move || {
            case();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit_code()
}

/// Makes `/tmp/full` and writes to it until it may not; says the errno of WASI 0.1 as a letter from `!` on (programs of WASI
/// 0.1 can tell no exit code but 0 and 1 as components). Before that it tries to leave the root: `X`.
const FILL: &str = r#"(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 2)
  (data (i32.const 0) "tmp/full")
  (data (i32.const 16) "../../../../etc/hostname")
  (data (i32.const 64) "\00\00\01\00\00\00\01\00")
  (data (i32.const 96) "\68\00\00\00\01\00\00\00")
  (func $say (param i32)
    (i32.store8 (i32.const 104) (local.get 0))
    (drop (call $write (i32.const 1) (i32.const 96) (i32.const 1) (i32.const 84)))
    (call $exit (i32.const 0)))
  (func (export "_start") (local $errno i32)
    (if (i32.eqz (call $open (i32.const 3) (i32.const 1) (i32.const 16) (i32.const 24) (i32.const 0)
          (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 80)))
      (then (call $say (i32.const 88))))
    (local.set $errno (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 1)
      (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 80)))
    (if (local.get $errno) (then (call $say (i32.const 79))))
    (loop $again
      (local.set $errno (call $write (i32.load (i32.const 80)) (i32.const 64) (i32.const 1) (i32.const 84)))
      (br_if $again (i32.eqz (local.get $errno))))
    (call $say (i32.add (i32.const 33) (local.get $errno)))))"#;

fn wasi_0_1_lives_under_the_same_layer() {
    let fixture = World::new().sandbox();
    fixture.bring("/tmp/fill", &wat(FILL));
    let (code, text) = fixture.run("/tmp/fill");
    // EDQUOT (19), ENOSPC (51), or EIO (29), which is what the adapter makes of a stream that failed.
    let errno = text.bytes().next().map_or(0, |letter| letter.wrapping_sub(b'!'));
    assert!(
        code == 0 && [19, 51, 29].contains(&errno),
        "{code}: {text:?}, errno {errno}"
    );
    let written = fixture.tree().stat("/tmp/full", false).expect("the file").size;
    let usage = fixture.tree().usage();
    assert!(
        usage.bytes <= world::QUOTA && written > world::QUOTA / 2,
        "{written} {usage:?}"
    );
    assert!(!std::path::Path::new("/tmp/full").exists(), "it is in the sandbox only");
}

/// Says a number.
fn hello(number: u8) -> Vec<u8> {
    wat(&format!(
        r#"(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 0) "\10\00\00\00\01\00\00\00")
          (data (i32.const 16) "{number}")
          (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))))"#
    ))
}

fn a_damaged_entry_is_compiled_again() {
    let world = World::new();
    world.sandbox().run_bytes(&hello(3), 3);
    let mut spoilt = 0;
    for entry in std::fs::read_dir(world.cache()).expect("the cache").flatten() {
        if entry.path().extension().is_some_and(|ending| ending == "cwasm") {
            // Replaced, as a mapped file must not be written.
            std::fs::remove_file(entry.path()).expect("removed");
            std::fs::write(entry.path(), b"damaged").expect("damaged");
            spoilt += 1;
        }
    }
    assert_eq!(spoilt, 1);
    // Another cell, with nothing loaded, on the same cache.
    world.again().sandbox().run_bytes(&hello(3), 3);
}

fn a_killed_process_leaves_the_compiler_to_others() {
    let world = World::new();
    let fixture = world.sandbox();
    let mut text = String::from("(module (memory (export \"memory\") 1) (func (export \"_start\") (local i32)");
    for _ in 0..100_000 {
        text.push_str("(local.set 0 (i32.add (local.get 0) (i32.const 7)))");
    }
    text.push_str("))");
    fixture.bring("/tmp/slow", &wat(&text));
    let child = fixture.spawn("/tmp/slow");
    std::thread::sleep(Duration::from_millis(30));
    let killed = child.kill(Signal::KILL);
    let begin = Instant::now();
    let status = world.wait(&child);
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "a process that waits for its compiler is not killed"
    );
    assert_eq!(status.code(), if killed.is_ok() { 137 } else { 0 });
    world.sandbox().run_bytes(&hello(5), 5);
}

fn what_is_compiled_is_what_was_read() {
    let world = World::new();
    let fixture = world.sandbox();
    for number in [1, 2, 1, 3, 2] {
        fixture.run_bytes(&hello(number), number);
    }
    // Two sandboxes with equal bytes share code, and nothing else.
    let other = world.sandbox();
    other.run_bytes(&hello(2), 2);
    assert_eq!(other.usage().processes, 0);
}

#[expect(clippy::print_stdout, reason = "a figure to look at")]
fn the_second_start_is_quick() {
    let fixture = World::new().sandbox();
    let first = time(&fixture);
    let mut again: Vec<Duration> = (0..200).map(|_| time(&fixture)).collect();
    again.sort();
    println!("first {first:?}, then median {:?}, p99 {:?}", again[100], again[198]);
    assert!(again[100] < first / 4, "{:?} of {first:?}", again[100]);
}

fn time(fixture: &Fixture) -> Duration {
    let begin = Instant::now();
    fixture.run_bytes(&hello(9), 9);
    begin.elapsed()
}
