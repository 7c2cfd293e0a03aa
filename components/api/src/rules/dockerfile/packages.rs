//! Package managers of Linux: there is nothing that they could install, but Dockerfiles call them, in every form that a
//! shell knows. So while an image is built commands of their names stand first in the path. They say of each package
//! whether the base has it, leave out what only serves to compile native code, and refuse the rest: a build that goes on
//! without what it asked for would fail later and less clearly.

use std::collections::BTreeMap;

/// Packages whose commands or files the base has.
const PROVIDED: &str = "apt-utils|bash|bc|bsdmainutils|bsdextrautils|bzip2|ca-certificates|coreutils|curl|dash|diffutils|file|findutils|gawk|git|grep|gzip|hostname|jq|less|mawk|nodejs|npm|patch|procps|procps-ng|python|python3|python3-minimal|python3-pip|python3-setuptools|python3-venv|py3-pip|python-is-python3|sed|sqlite|sqlite3|sudo|tar|tree|unzip|util-linux|wget|xxd|xz|xz-utils|zip|zstd";

/// What serves to compile native code, or to administer a Linux system: leaving it out takes nothing from programs that run here.
const LEFT_OUT: &str = "autoconf|automake|binutils|build-base|build-essential|clang|cmake|cpp|debconf|dialog|dirmngr|dpkg-dev|g++|gcc|gfortran|linux-headers|lld|llvm|lsb-release|make|meson|musl-dev|ninja-build|pkg-config|pkgconf|software-properties-common|apt-transport-https|*-dev|*-devel|gcc-*|g++-*|gfortran-*|clang-*|libtool";

/// The commands by name.
pub(super) fn commands() -> BTreeMap<String, String> {
    let mut commands: BTreeMap<String, String> = ["apt-get", "apt", "apk", "yum", "dnf"]
        .into_iter()
        .map(|name| (name.to_owned(), manager(name)))
        .collect();
    let debconf = "#!/bin/sh\ncat >/dev/null\necho 'debconf-set-selections: nothing here asks questions'\n";
    commands.insert("debconf-set-selections".to_owned(), debconf.to_owned());
    commands
}

fn manager(name: &str) -> String {
    format!(
        r#"#!/bin/sh
action= skip= status=0
for word in "$@"; do
  if [ -n "$skip" ]; then skip=; continue; fi
  case "$word" in
    -o|-c|-t|--option|--config-file|--target-release|--virtual|--repository|-X) skip=1; continue ;;
    -*|.*) continue ;;
  esac
  if [ -z "$action" ]; then action=$word; continue; fi
  case "$action" in install|add|reinstall|localinstall) ;; *) continue ;; esac
  package=${{word%%[=:/<>~]*}}
  case "$package" in
    {PROVIDED})
      echo "{name}: $package: the base has it" ;;
    {LEFT_OUT})
      echo "{name}: $package: left out, as native code can be neither compiled nor run here" ;;
    *)
      echo "{name}: $package: there is no such package for WebAssembly: packages of Linux distributions are native programs, which a sandbox cannot run; take it out, or bring what you need with pip, npm or COPY" >&2
      status=100 ;;
  esac
done
case "$action" in
  install|add|reinstall|localinstall) ;;
  '') echo "{name}: this answers for package managers while an image is built; it installs nothing" ;;
  *) echo "{name} $action: nothing to do" ;;
esac
exit $status
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    /// Status and output of a command, run by the machine's own `sh`: the scripts use nothing but POSIX.
    fn run(name: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let script = &commands()[name];
        let mut child = Command::new("sh")
            .arg("-s")
            .arg("--")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh");
        let mut stdin = child.stdin.take().expect("its input");
        stdin.write_all(script.as_bytes()).expect("the script");
        drop(stdin);
        let output = child.wait_with_output().expect("its end");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    }

    #[test]
    fn what_the_sdk_installs_passes_and_says_what_was_left_out() {
        let (status, text) = run("apt-get", &["update"]);
        assert_eq!((status, text.as_str()), (Some(0), "apt-get update: nothing to do\n"));
        let (status, text) = run(
            "apt-get",
            &["install", "-y", "gcc", "gfortran", "build-essential", "curl=7.*"],
        );
        assert_eq!(status, Some(0), "{text}");
        assert!(
            text.contains("gfortran: left out") && text.contains("curl: the base has it"),
            "{text}"
        );
        let (status, text) = run("apk", &["add", "--no-cache", "--virtual", ".build", "libffi-dev", "jq"]);
        assert_eq!(status, Some(0), "{text}");
    }

    #[test]
    fn unknown_packages_fail_by_name() {
        for name in ["apt-get", "apt", "apk", "yum", "dnf"] {
            let (status, text) = run(name, &["-o", "Dpkg::Options::=x", "install", "curl", "ffmpeg"]);
            let (status, text) = if name == "apk" {
                run(name, &["add", "curl", "ffmpeg"])
            } else {
                (status, text)
            };
            assert_eq!(status, Some(100), "{text}");
            assert!(text.contains("ffmpeg: there is no such package"), "{text}");
            assert!(text.contains("curl: the base has it"), "{text}");
        }
    }
}
