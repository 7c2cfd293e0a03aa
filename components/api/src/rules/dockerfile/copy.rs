//! `COPY` and `ADD` of uploaded files, and paths.

use super::Action;
use super::error::{Refusal, refuse};
use super::expand::Scope;
use super::words;

/// Sources of one instruction.
const SOURCES: usize = 256;

/// An absolute path without `.`, `..` and doubled slashes. A slash at the end stays: it says that a directory is meant.
pub(super) fn join(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let from = if path.starts_with('/') { "" } else { directory };
    for part in from.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let slash = matches!(path.rsplit('/').next(), Some("" | "." | "..")) && !parts.is_empty() && !path.is_empty();
    format!("/{}{}", parts.join("/"), if slash { "/" } else { "" })
}

/// The step, and a note about a flag that has no effect here.
pub(super) fn read(
    keyword: &str,
    arguments: &str,
    scope: &Scope<'_>,
    directory: &str,
) -> Result<(Action, Option<String>), Refusal> {
    let (flags, rest) = words::flags(arguments);
    let (mode, note) = flagged(&flags)?;
    let raw = words::json(rest).unwrap_or_else(|| words::split(rest, scope.escape));
    let json = words::json(rest).is_some();
    // In the JSON form quotes have done their work.
    let expand = |word: &String| {
        if json && !word.contains('$') {
            Ok(word.clone())
        } else {
            scope.word(word)
        }
    };
    let mut paths = raw.iter().map(expand).collect::<Result<Vec<_>, _>>()?;
    let destination = paths.pop().filter(|path| !path.is_empty());
    let Some(destination) = destination.filter(|_| !paths.is_empty()) else {
        return Err(refuse(
            "it needs at least one source and a destination",
            format!("write {keyword} source destination"),
        ));
    };
    if paths.len() > SOURCES {
        return Err(refuse(
            format!("it has more than {SOURCES} sources"),
            "copy a directory instead",
        ));
    }
    if let Some(remote) = paths
        .iter()
        .find(|path| path.contains("://") || path.starts_with("git@"))
    {
        return Err(refuse(
            format!("{remote} is not a local file"),
            "fetch it with RUN curl -fsSLO, which obeys the network policy",
        ));
    }
    if paths.len() > 1 && !destination.ends_with('/') && !destination.ends_with("/.") && destination != "." {
        return Err(refuse(
            "with several sources the destination is a directory and ends with /",
            format!("write {destination}/"),
        ));
    }
    let source = |path: &String| join("/", path).trim_matches('/').to_owned();
    let action = Action::Copy {
        sources: paths.iter().map(source).collect(),
        destination: join(directory, &destination),
        mode,
        unpack: keyword == "ADD",
    };
    Ok((action, note))
}

pub(super) fn flagged(flags: &[(&str, Option<&str>)]) -> Result<(Option<u32>, Option<String>), Refusal> {
    let (mut mode, mut note) = (None, None);
    for (name, value) in flags {
        match (*name, *value) {
            ("chmod", Some(value)) => {
                let octal = u32::from_str_radix(value, 8).ok().filter(|mode| *mode < 0o10000);
                let octal =
                    octal.ok_or_else(|| refuse(format!("--chmod={value} is no octal mode"), "write --chmod=755"));
                mode = Some(octal?);
            }
            ("chown", _) => note = Some("--chown has no effect: all files are the sandbox's own user's".to_owned()),
            ("link", _) => {}
            ("from", _) => {
                return Err(refuse(
                    "files can be copied from the uploaded context only, not from other images",
                    "fetch them with RUN, or upload them",
                ));
            }
            (other, _) => {
                return Err(refuse(
                    format!("--{other} is not supported"),
                    "use --chmod, or a RUN step after it",
                ));
            }
        }
    }
    Ok((mode, note))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn copy(keyword: &str, arguments: &str) -> Result<(Action, Option<String>), Refusal> {
        let variables = BTreeMap::from([("D".to_owned(), "/data".to_owned())]);
        let scope = Scope {
            variables: &variables,
            escape: '\\',
        };
        read(keyword, arguments, &scope, "/app")
    }

    fn of(sources: &[&str], destination: &str) -> Action {
        Action::Copy {
            sources: sources.iter().map(|&s| s.to_owned()).collect(),
            destination: destination.to_owned(),
            mode: None,
            unpack: false,
        }
    }

    #[test]
    fn paths_are_absolute_and_clean() {
        for (directory, path, expected) in [
            ("/app", "x", "/app/x"),
            ("/app", "./x/../y", "/app/y"),
            ("/app", "../../../etc", "/etc"),
            ("/app", ".", "/app/"),
            ("/app", "x/", "/app/x/"),
            ("/app", "/a//b/", "/a/b/"),
            ("/", "..", "/"),
        ] {
            assert_eq!(join(directory, path), expected, "{directory} {path}");
        }
    }

    #[test]
    fn all_forms() {
        for (arguments, expected) in [
            ("tmp/a.txt /b.txt", of(&["tmp/a.txt"], "/b.txt")),
            (r#"["tmp/a b.txt", "/x y/b.txt"]"#, of(&["tmp/a b.txt"], "/x y/b.txt")),
            (r#""a b" c"#, of(&["a b"], "/app/c")),
            ("../../secret .", of(&["secret"], "/app/")),
            ("/abs/x *.py $D/", of(&["abs/x", "*.py"], "/data/")),
            (". /src", of(&[""], "/src")),
        ] {
            assert_eq!(copy("COPY", arguments), Ok((expected, None)), "{arguments}");
        }
        let (action, note) = copy("ADD", "--chown=1:1 --chmod=0755 --link a.tar /b/").expect("ADD");
        assert!(
            matches!(
                action,
                Action::Copy {
                    mode: Some(0o755),
                    unpack: true,
                    ..
                }
            ),
            "{action:?}"
        );
        assert!(note.is_some());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for arguments in [
            "",
            "a",
            "a b c",
            "--from=builder /a /b",
            "--chmod=u+x a b",
            "--chmod=77777 a b",
            "--parents a b",
            "https://example.com/a /b",
            "git@example.com:a/b.git /b",
            "'a b",
        ] {
            assert!(copy("ADD", arguments).is_err(), "{arguments}");
        }
    }
}
