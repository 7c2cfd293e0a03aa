//! What is run for each step, as lines for the sandbox's own shell. Nothing that an author wrote is a part of them unquoted,
//! but the wildcards of `COPY`.

/// What programs are looked for in, unless the image says otherwise.
pub(super) const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// What is in the sandbox only while it is built.
pub(super) const SCRATCH: &str = "/run/sandbar-build";
/// Commands that stand before all others.
pub(super) const COMMANDS: &str = "/run/sandbar-build/bin";
/// Where uploads are unpacked.
pub(super) const CONTEXT: &str = "/run/sandbar-build/context";
/// An upload, before.
pub(super) const ARCHIVE: &str = "/run/sandbar-build/context.tar";

/// One word, whatever it holds.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A command as it is.
pub(super) fn quoted(argv: &[String]) -> String {
    let words: Vec<String> = argv.iter().map(|word| quote(word)).collect();
    words.join(" ")
}

pub(super) fn make_directory(path: &str) -> String {
    format!("mkdir -p {}", quote(path))
}

/// Unpacks an upload and removes it.
pub(super) fn unpack() -> String {
    format!("tar -xf {ARCHIVE} -C {CONTEXT} && rm {ARCHIVE}")
}

/// Whether a name can be that of a command.
pub(super) fn plain(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// `COPY`: the contents of directories, files as they are; with several sources, or a slash at its end, the destination is a
/// directory.
pub(super) fn copy(sources: &[String], destination: &str, mode: Option<u32>, unpack: bool) -> String {
    let mode = mode.map_or_else(String::new, |mode| format!("chmod -R {mode:o} \"$from\" || exit\n  "));
    let archive = if unpack {
        r#"case "$from" in *.tar|*.tar.gz|*.tgz|*.tar.bz2|*.tbz2|*.tar.xz|*.txz|*.tar.zst)
    mkdir -p "$to" && tar -xf "$from" -C "$to" || exit
    continue ;;
  esac
  "#
    } else {
        ""
    };
    let script = format!(
        r#"to=$1; shift
case $to in */) many=1 ;; *) many= ;; esac
[ $# -gt 1 ] && many=1
for from in "$@"; do
  if [ ! -e "$from" ] && [ ! -L "$from" ]; then
    echo "${{from#{CONTEXT}/}}: not among the files that were uploaded" >&2; exit 1
  fi
  {mode}{archive}if [ -d "$from" ]; then
    mkdir -p "$to" && cp -Rp "$from/." "$to"
  elif [ -n "$many" ] || [ -d "$to" ]; then
    mkdir -p "$to" && cp -p "$from" "${{to%/}}/"
  else
    mkdir -p "$(dirname "$to")" && cp -p "$from" "$to"
  fi || exit
done"#
    );
    let sources: Vec<String> = sources.iter().map(|source| pattern(source)).collect();
    format!(
        "sh -c {} copy {} {}",
        quote(&script),
        quote(destination),
        sources.join(" ")
    )
}

/// A path in the context whose wildcards the shell matches: all else is quoted.
fn pattern(source: &str) -> String {
    let mut word = quote(&format!("{CONTEXT}/"));
    if !source.contains(['*', '?', '[']) {
        return format!("{}{}", word, quote(source));
    }
    for c in source.chars() {
        match c {
            '*' | '?' | '[' | ']' => word.push(c),
            // Within brackets a range stays one.
            '-' | '/' => word.push(c),
            c => word.push_str(&quote(&c.to_string())),
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::process::Command;

    /// Runs a copy with the machine's own `sh`, the context in `root`.
    fn run(root: &Path, sources: &[&str], to: &str, mode: Option<u32>, unpack: bool) -> (bool, String) {
        let sources: Vec<String> = sources.iter().map(|&source| source.to_owned()).collect();
        let root = root.to_str().expect("a path");
        let line = copy(&sources, &format!("{root}/out{to}"), mode, unpack).replace(CONTEXT, &format!("{root}/in"));
        let output = Command::new("sh").arg("-c").arg(&line).output().expect("sh");
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }

    #[test]
    fn copies_are_those_of_docker() {
        let home = tempfile::tempdir().expect("a directory");
        let root = home.path();
        for (path, text) in [
            ("in/a.py", "a"),
            ("in/b c.py", "b"),
            ("in/d/e", "e"),
            ("in/d/f/g", "g"),
            ("in/$(x)", "x"),
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            std::fs::write(path, text).expect("a file");
        }
        let read = |path: &str| std::fs::read_to_string(root.join("out").join(path)).ok();
        let ok = |sources: &[&str], to: &str| {
            assert_eq!(
                run(root, sources, to, None, false),
                (true, String::new()),
                "{sources:?} {to}"
            )
        };
        ok(&["a.py"], "/one/renamed");
        assert_eq!(read("one/renamed").as_deref(), Some("a"));
        ok(&["*.py"], "/all/");
        assert_eq!(
            (read("all/a.py").is_some(), read("all/b c.py").as_deref()),
            (true, Some("b"))
        );
        ok(&["d"], "/tree");
        assert_eq!(
            (read("tree/e").as_deref(), read("tree/f/g").as_deref()),
            (Some("e"), Some("g"))
        );
        ok(&["$(x)", "a.py"], "/two/");
        assert_eq!(read("two/$(x)").as_deref(), Some("x"));
        ok(&[""], "/whole");
        assert_eq!(read("whole/d/f/g").as_deref(), Some("g"));
        ok(&["a.py"], "/tree");
        assert_eq!(read("tree/a.py").as_deref(), Some("a"));
        let (done, said) = run(root, &["none*"], "/x/", None, false);
        assert!(!done && said.starts_with("none*: not among the files"), "{said}");
        assert!(run(root, &["a.py"], "/mode", Some(0o711), false).0);
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(root.join("out/mode")).expect("it").permissions(),
        );
        assert_eq!(mode & 0o777, 0o711);
        let tar = Command::new("tar")
            .current_dir(root.join("in"))
            .args(["-cf", "t.tar", "d"])
            .status();
        assert!(tar.expect("tar").success());
        assert!(run(root, &["t.tar"], "/unpacked", None, true).0);
        assert_eq!(read("unpacked/d/e").as_deref(), Some("e"));
    }

    #[test]
    fn words_are_quoted() {
        assert_eq!(quoted(&["a b".into(), "it's".into()]), r"'a b' 'it'\''s'");
        assert!(plain("apt-get") && !plain("../x") && !plain("") && !plain("a b"));
    }
}
