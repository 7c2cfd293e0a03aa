//! Searches of short texts, against what GNU grep prints.

use super::matcher::Matcher;
use super::options::{self, Request};
use super::search::Search;
use std::ffi::OsString;

fn grep(line: &[&str], text: &str) -> String {
    let Ok(Request::Search(options)) = options::parse("grep", line.iter().map(OsString::from)) else {
        panic!("a command line that should be good: {line:?}");
    };
    let matcher = Matcher::new(&options).unwrap();
    let mut out = Vec::new();
    Search::new(&options, &matcher, &mut out, None, "text")
        .run(&mut text.as_bytes())
        .unwrap();
    String::from_utf8(out).unwrap()
}

const TEXT: &str = "one\ntwo\nthree\nfour\nfive\nsix\n";

#[test]
fn selects_lines() {
    for (line, text, found) in [
        (&["t"][..], TEXT, "two\nthree\n"),
        (&["-v", "e"], TEXT, "two\nfour\nsix\n"),
        (&["-n", "o"], TEXT, "1:one\n2:two\n4:four\n"),
        (&["-nv", "o"], TEXT, "3:three\n5:five\n6:six\n"),
        (&["-b", "f"], TEXT, "14:four\n19:five\n"),
        (&["-m", "1", "f"], TEXT, "four\n"),
        (&["-x", "two\\|six"], TEXT, "two\nsix\n"),
        (&["-i", "TWO"], TEXT, "two\n"),
        (&["-F", "a.b"], "axb\na.b\n", "a.b\n"),
        (&["-w", "is"], "this\nit is\nis_x\n", "it is\n"),
        (&["-E", "^(o|t)"], TEXT, "one\ntwo\nthree\n"),
        (&["-e", "one", "-e", "six"], TEXT, "one\nsix\n"),
        (&["one\nsix"], TEXT, "one\nsix\n"),
        (&["^$"], "a\n\nb\n", "\n"),
        (&[""], "a\nb\n", "a\nb\n"),
        (&["-v", "^$"], "a\n\nb", "a\nb\n"),
        (&["x$"], "ax\nxa\nx", "ax\nx\n"),
        (&["\\(.\\)\\1"], "abc\naab\n", "aab\n"),
        (&["-P", "(?<=a)b"], "ab\ncb\n", "ab\n"),
        (&["[^a]"], "a\nb\n", "b\n"),
        (&["-v", "nothing"], "a\n", "a\n"),
    ] {
        assert_eq!(grep(line, text), found, "{line:?}");
    }
}

#[test]
fn only_what_matched_and_the_longest_of_it() {
    assert_eq!(grep(&["-o", "[0-9]*"], "a1b22\n333\n"), "1\n22\n333\n");
    assert_eq!(grep(&["-oE", "foo|foobar"], "xfoobar foo\n"), "foobar\nfoo\n");
    assert_eq!(grep(&["-on", "e"], "one\nthree\n"), "1:e\n2:e\n2:e\n");
    assert_eq!(grep(&["-o", "ä*"], "xäx\n"), "ä\n");
}

#[test]
fn context() {
    assert_eq!(grep(&["-A1", "two"], TEXT), "two\nthree\n");
    assert_eq!(grep(&["-B1", "two"], TEXT), "one\ntwo\n");
    assert_eq!(grep(&["-n", "-1", "three"], TEXT), "2-two\n3:three\n4-four\n");
    assert_eq!(grep(&["-A1", "one\\|five"], TEXT), "one\ntwo\n--\nfive\nsix\n");
    assert_eq!(grep(&["-m1", "-A1", "o"], TEXT), "one\ntwo\n");
    assert_eq!(grep(&["-C1", "-v", "[a-z]"], "a\n1\nb\nc\n"), "a\n1\nb\n");
}

#[test]
fn lines_longer_than_a_chunk() {
    let long = "x".repeat(300_000);
    let text = format!("{long}needle{long}\nother\n{long}\n");
    assert_eq!(grep(&["-c", "needle"], &text), "");
    assert_eq!(grep(&["-o", "needle"], &text), "needle\n");
    assert_eq!(grep(&["-n", "other"], &text), "2:other\n");
}

#[test]
fn binary_files() {
    assert_eq!(grep(&["b"], "a\0b\n"), "grep: text: binary file matches\n");
    assert_eq!(grep(&["-a", "b"], "a\0b\n"), "a\0b\n");
    assert_eq!(grep(&["-I", "b"], "a\0b\n"), "");
}

#[test]
fn mistakes() {
    for line in [&["-A", "x", "p"][..], &["-m", "x", "p"], &["--nope", "p"], &[]] {
        assert!(
            options::parse("grep", line.iter().map(OsString::from)).is_err(),
            "{line:?}"
        );
    }
}
