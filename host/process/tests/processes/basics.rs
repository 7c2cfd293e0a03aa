//! Starting, arguments, streams, files, groups.

use sandbar_process::{Errno, Limits};

use crate::world::{command, guest, sandbox};

#[test]
fn exit_codes_arrive() {
    let fixture = sandbox(Limits::default());
    for code in [0, 1, 7, 126, 255] {
        assert_eq!(fixture.run(&["exit", &code.to_string()]), (code, String::new()));
    }
    fixture.assert_clean();
}

#[test]
fn arguments_environment_and_directory_arrive() {
    let fixture = sandbox(Limits::default());
    assert_eq!(fixture.run(&["echo", "a b", "", "ü"]), (0, "a b  ü\n".into()));
    let (code, text) = fixture.run(&["environment"]);
    assert_eq!(code, 0);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines, ["PATH=/bin", "HOME=/tmp", "PWD=/tmp"]);
}

#[test]
fn standard_input_arrives() {
    let fixture = sandbox(Limits::default());
    let mut exec = guest(&["count"]);
    exec.stdin = vec![7; 3 << 20].into();
    let outcome = fixture.exec(exec).expect("starts");
    assert_eq!(&outcome.output[..], b"3145728\n");
}

#[test]
fn interpreters_are_followed_and_refusals_have_names() {
    let fixture = sandbox(Limits::default());
    let outcome = fixture.exec(command(&["script", "x", "y"])).expect("starts");
    assert_eq!(&outcome.output[..], b"/bin/script x y\n");
    let refused = |arguments: &[&str]| fixture.exec(command(arguments)).expect_err("must not start");
    assert_eq!(refused(&["nothing"]), Errno::NotFound);
    assert_eq!(refused(&["/bin/nothing"]), Errno::NotFound);
    assert_eq!(refused(&["plain"]), Errno::Access);
    assert_eq!(refused(&["/bin/plain"]), Errno::Access);
    assert_eq!(refused(&["/bin"]), Errno::Access);
    assert_eq!(refused(&["native"]), Errno::NotExecutable);
    assert_eq!(refused(&["missing"]), Errno::NotExecutable);
    assert_eq!(refused(&["loop"]), Errno::Invalid);
    assert_eq!(refused(&[]), Errno::Invalid);
    assert_eq!(refused(&["guest", &"x".repeat(2 << 20)]), Errno::TooBig);
    let mut nowhere = guest(&["exit", "0"]);
    nowhere.directory = "/nowhere".into();
    assert_eq!(fixture.exec(nowhere).expect_err("must not start"), Errno::NotFound);
    fixture.assert_clean();
}

#[test]
fn a_guest_sees_each_refusal_by_its_name() {
    let (code, text) = sandbox(Limits::default()).run(&["errors"]);
    assert_eq!(code, 0);
    let expected = [
        "not-found",
        "access",
        "not-executable",
        "access",
        "invalid",
        "not-found",
        "not-found",
        "is-directory",
        "exists",
        "bad-descriptor",
        "fine",
        "no-process",
        "invalid",
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn descriptors_share_one_offset_and_append_appends() {
    let fixture = sandbox(Limits::default());
    assert_eq!(fixture.run(&["redirect"]), (0, "one\ntwo\nthree\n".into()));
    fixture.assert_clean();
}

#[test]
fn nothing_of_a_shared_input_is_read_ahead() {
    let fixture = sandbox(Limits::default());
    let mut exec = guest(&["share-stdin"]);
    exec.stdin = "abcdefgh".into();
    assert_eq!(&fixture.exec(exec).expect("starts").output[..], b"7\n");
}

#[test]
fn a_pipeline_of_five_carries_64_mib_in_bounded_memory() {
    let fixture = sandbox(Limits {
        memory_bytes: 64 << 20,
        ..Limits::default()
    });
    let bytes = 64_u64 << 20;
    assert_eq!(
        fixture.run(&["pipeline", "5", &bytes.to_string()]),
        (0, format!("{bytes}\n"))
    );
    fixture.assert_clean();
}

#[test]
fn a_writer_without_reader_ends() {
    let fixture = sandbox(Limits::default());
    // By SIGPIPE; or, asked to ignore it, told by an error and ending by itself.
    assert_eq!(fixture.run(&["yes-head"]), (0, "head 10\nhead=0 yes=141\n".into()));
    assert_eq!(
        fixture.run(&["yes-head", "ignore"]),
        (0, "head 10\nhead=0 yes=3\n".into())
    );
    fixture.assert_clean();
}

#[test]
fn groups_are_killed_together() {
    assert_eq!(sandbox(Limits::default()).run(&["group"]), (0, "2 130 130\n".into()));
}
