//! `FROM`: which image of the Linux world stands for which base here.

use super::Base;
use super::error::{Refusal, refuse};

/// What `FROM` may name: the platform's own base, and the images whose purpose it serves as well. Any tag and digest.
pub const BASES: [&str; 9] = [
    OWN,
    "python",
    "debian",
    "ubuntu",
    "node",
    "alpine",
    "busybox",
    "buildpack-deps",
    "daytonaio/sandbox",
];

/// The userland of the platform.
const OWN: &str = "sandbar-base";
/// Longest reference to an image that is looked at; registries allow 255 for a name and 128 for a tag.
const REFERENCE: usize = 512;
/// What the base has instead of the Python that was asked for.
const PYTHON: &str = "3.14";

/// What `FROM reference` starts from, and the sentence that the log says of it.
pub(super) fn resolve(reference: &str, snapshots: &[String]) -> Result<(Base, String), Refusal> {
    if reference.is_empty() || reference.len() > REFERENCE {
        return Err(refuse("it names no image", format!("write FROM {OWN}")));
    }
    if snapshots.iter().any(|name| name == reference) {
        let note = format!("starting from snapshot {reference}");
        return Ok((Base::Snapshot(reference.to_owned()), note));
    }
    let (name, tag) = parts(reference);
    if name == OWN {
        return Ok((Base::Userland, format!("starting from {OWN}")));
    }
    if name == "scratch" {
        return Err(refuse(
            "a sandbox needs a shell, and scratch has none",
            format!("write FROM {OWN}"),
        ));
    }
    if !BASES.contains(&name) {
        return Err(unknown(reference, snapshots));
    }
    let mut note = format!(
        "{reference} is a Linux image; sandboxes run WebAssembly, so this starts from {OWN}, which has a shell, the usual tools and Python {PYTHON}"
    );
    if name == "python" {
        let asked = series(tag);
        if asked
            .as_deref()
            .is_some_and(|series| series.starts_with("2.") || series == "2")
        {
            return Err(refuse(
                format!("there is no Python 2 here, only Python {PYTHON}"),
                format!("write FROM python:{PYTHON} or FROM {OWN}"),
            ));
        }
        if let Some(asked) = asked.filter(|asked| asked != "3" && asked != PYTHON) {
            note.push_str(&format!("; python means {PYTHON}, not {asked}"));
        }
    }
    if name == "node" {
        note.push_str("; node means the base's own JavaScript engine, not V8");
    }
    Ok((Base::Userland, note))
}

fn unknown(reference: &str, snapshots: &[String]) -> Refusal {
    let mut bases = BASES.join(", ");
    if !snapshots.is_empty() {
        bases.push_str(", and your snapshots ");
        bases.push_str(&snapshots.join(", "));
    }
    refuse(
        format!(
            "there is no base for {reference}: Linux images do not run here, and these are the bases there are: {bases}"
        ),
        format!("write FROM {OWN} and add what you need with RUN and COPY"),
    )
}

/// Name and tag of a reference, without Docker Hub's own prefixes, and without a digest.
fn parts(reference: &str) -> (&str, &str) {
    let named = reference.split_once('@').map_or(reference, |(named, _)| named);
    // A colon before the last slash belongs to a registry's port.
    let cut = named.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match named[cut..].find(':') {
        Some(colon) => (&named[..cut + colon], &named[cut + colon + 1..]),
        None => (named, ""),
    };
    let name = ["docker.io/", "index.docker.io/", "registry-1.docker.io/"]
        .iter()
        .find_map(|hub| name.strip_prefix(hub))
        .unwrap_or(name);
    (name.strip_prefix("library/").unwrap_or(name), tag)
}

/// `3.12` of `3.12.10-slim-bookworm`; none if the tag names no version.
fn series(tag: &str) -> Option<String> {
    let mut parts = tag.split('-').next()?.split('.');
    // `14rc1` is 14.
    let number = |part: Option<&str>| {
        part.and_then(|part| part.split(|c: char| !c.is_ascii_digit()).next())
            .map(str::to_owned)
    };
    let major = number(parts.next()).filter(|major| !major.is_empty())?;
    Some(match number(parts.next()).filter(|minor| !minor.is_empty()) {
        Some(minor) => format!("{major}.{minor}"),
        None => major,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_images_map_to_the_base_and_say_so() {
        for reference in [
            "sandbar-base",
            "sandbar-base:1",
            "python:3.12.10-slim-bookworm",
            "docker.io/library/python:3.14",
            "debian",
            "ubuntu:22.04",
            "node:22-alpine",
            "alpine@sha256:0000",
            "library/busybox",
            "daytonaio/sandbox:0.4.3",
        ] {
            let (base, note) = resolve(reference, &[]).unwrap_or_else(|e| panic!("{reference}: {e:?}"));
            assert_eq!(base, Base::Userland, "{reference}");
            assert!(note.contains("sandbar-base"), "{note}");
        }
        let (_, note) = resolve("python:3.12-slim", &[]).expect("python");
        assert!(note.ends_with("python means 3.14, not 3.12"), "{note}");
        for exact in ["python", "python:3", "python:slim", "python:3.14.0rc1-slim"] {
            let (_, note) = resolve(exact, &[]).expect("python");
            assert!(!note.contains("not 3"), "{exact}: {note}");
        }
    }

    #[test]
    fn what_there_is_no_base_for_is_refused_with_those_there_are() {
        let mine = ["mine".to_owned()];
        for reference in [
            "ruby:3",
            "ghcr.io/x/python:3",
            "localhost:5000/debian",
            "scratch",
            "python:2.7",
            "python:2",
            "",
        ] {
            assert!(resolve(reference, &mine).is_err(), "{reference}");
        }
        let error = resolve("ruby:3", &mine)
            .expect_err("no base")
            .at(1, "FROM ruby:3")
            .to_string();
        for part in ["line 1: FROM ruby:3", "sandbar-base, python", "your snapshots mine"] {
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(resolve("mine", &mine).expect("mine").0, Base::Snapshot("mine".into()));
    }

    #[test]
    fn references_come_apart() {
        assert_eq!(parts("localhost:5000/a/b"), ("localhost:5000/a/b", ""));
        assert_eq!(parts("localhost:5000/a:1@sha256:2"), ("localhost:5000/a", "1"));
        assert_eq!(series("3.14.0rc1-slim").as_deref(), Some("3.14"));
        assert_eq!(series("3.14rc1").as_deref(), Some("3.14"));
        assert_eq!(series("bookworm"), None);
    }
}
