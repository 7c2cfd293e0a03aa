//! The lowest file layer of every sandbox: programs by name, /etc, home. The same tree each time, to the second.

use super::{libraries, tool_names};
use crate::process::say;
use crate::stamp;
use anyhow::{Context, Result};
use std::fs::{File, FileTimes, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Changes with what is written here, so that an older tree is replaced.
const REVISION: &str = "6";
/// Modification time of everything: the start of 2026, in seconds of Unix time.
const TIME: u64 = 1_767_225_600;

/// Directories with their permission bits, parents first. `dev` and `proc` are where the file layer mounts its own.
const DIRECTORIES: &[(&str, u32)] = &[
    ("dev", 0o755),
    ("etc", 0o755),
    ("home", 0o755),
    ("home/daytona", 0o755),
    ("mnt", 0o755),
    ("opt", 0o755),
    ("proc", 0o555),
    ("root", 0o700),
    ("run", 0o755),
    ("srv", 0o755),
    ("tmp", 0o777),
    ("usr", 0o755),
    ("usr/bin", 0o755),
    ("usr/lib", 0o755),
    ("usr/lib/python3", 0o755),
    ("usr/lib/python3/dist-packages", 0o755),
    ("usr/lib/python3/dist-packages/ensurepip", 0o755),
    ("usr/lib/python3.14", 0o755),
    ("usr/lib/python3.14/venv", 0o755),
    ("usr/lib/python3.14/venv/scripts", 0o755),
    ("usr/lib/python3.14/venv/scripts/common", 0o755),
    ("usr/lib/sandbar", 0o755),
    ("usr/lib/sandbar/lsp", 0o755),
    ("usr/local", 0o755),
    ("usr/local/bin", 0o755),
    ("usr/local/lib", 0o755),
    ("usr/local/lib/node_modules", 0o755),
    ("usr/local/lib/python3.14", 0o755),
    ("usr/local/lib/python3.14/site-packages", 0o755),
    ("usr/sbin", 0o755),
    ("usr/share", 0o755),
    ("var", 0o755),
    ("var/log", 0o755),
    ("var/tmp", 0o777),
];

const LINKS: &[(&str, &str)] = &[("bin", "usr/bin"), ("sbin", "usr/sbin"), ("lib", "usr/lib")];

/// Programs that are scripts: their names, and what they are.
const SCRIPTS: &[(&str, &str)] = &[
    ("sqlite3", "#!/usr/bin/python3 /usr/lib/sandbar/sqlite_shell.py\n"),
    ("pip", libraries::PIP),
    ("pip3", libraries::PIP),
    ("pip3.14", libraries::PIP),
];

/// Names of programs that are no tools, and the program of the userland each stands for.
const PROGRAMS: &[(&str, &str)] = &[
    ("bash", "shell"),
    ("sh", "shell"),
    ("git", "git"),
    ("python", "python"),
    ("python3", "python"),
    ("python3.14", "python"),
    ("node", "node"),
    ("npm", "node"),
    ("npx", "node"),
    ("tsx", "node"),
    ("ts-node", "node"),
];

const FILES: &[(&str, &str)] = &[
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\n\
         daytona:x:1000:1000:daytona:/home/daytona:/bin/bash\n\
         nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    ),
    ("etc/group", "root:x:0:\ndaytona:x:1000:\nnogroup:x:65534:\n"),
    (
        "etc/hosts",
        "127.0.0.1\tlocalhost sandbox\n::1\tlocalhost ip6-localhost ip6-loopback\n",
    ),
    ("etc/hostname", "sandbox\n"),
    // Names are resolved by the platform; who reads this finds a server that nobody else is.
    ("etc/resolv.conf", "nameserver 127.0.0.1\n"),
    ("etc/shells", "/bin/sh\n/bin/bash\n/usr/bin/sh\n/usr/bin/bash\n"),
    (
        "etc/os-release",
        "PRETTY_NAME=\"Sandbar 0.1\"\nNAME=\"Sandbar\"\nID=sandbar\nVERSION_ID=\"0.1\"\nVERSION=\"0.1\"\n",
    ),
    ("usr/lib/sandbar/interpreter.py", include_str!("interpreter.py")),
    ("usr/lib/sandbar/lsp/server.py", include_str!("lsp_server.py")),
    ("etc/pip.conf", include_str!("pip.conf")),
    (
        "usr/lib/python3/dist-packages/ensurepip/__init__.py",
        include_str!("ensurepip.py"),
    ),
    (
        "usr/lib/python3/dist-packages/ensurepip/__main__.py",
        "import sys\n\nimport ensurepip\n\nsys.exit(ensurepip._main())\n",
    ),
    (
        "usr/lib/python3.14/venv/scripts/common/activate",
        include_str!("activate.sh"),
    ),
    ("usr/lib/sandbar/sqlite_shell.py", include_str!("sqlite_shell.py")),
    (
        "etc/profile",
        "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
    ),
];

/// Writes the tree if the list of tools or this module has changed.
pub fn build(root: &Path, out: &Path) -> Result<()> {
    let tools = tool_names(root)?;
    let mut words: Vec<&str> = vec![REVISION];
    words.extend(
        tools
            .iter()
            .flat_map(|(name, program)| [name.as_str(), program.as_str()]),
    );
    let fingerprint = stamp::fingerprint(&[libraries::list(root)], &words)?;
    let target = out.join("base");
    stamp::unless_current(
        &out.join(".base-stamp"),
        &fingerprint,
        std::slice::from_ref(&target),
        || {
            say("writing the base layer");
            let fresh = out.join("base.new");
            clear(&fresh)?;
            write(&fresh, &tools)?;
            libraries::write(&libraries::directory(root), &fresh)?;
            clear(&target)?;
            std::fs::rename(&fresh, &target).with_context(|| format!("cannot replace {}", target.display()))
        },
    )
}

fn clear(tree: &Path) -> Result<()> {
    if tree.exists() {
        std::fs::remove_dir_all(tree).with_context(|| format!("cannot clear {}", tree.display()))?;
    }
    Ok(())
}

fn write(base: &Path, tools: &[(String, String)]) -> Result<()> {
    std::fs::create_dir_all(base).with_context(|| format!("cannot make {}", base.display()))?;
    for (name, _) in DIRECTORIES {
        std::fs::create_dir(base.join(name)).with_context(|| format!("cannot make {name} of the base layer"))?;
    }
    for (name, content) in FILES {
        write_file(&base.join(name), content, 0o644)?;
    }
    let programs = tools
        .iter()
        .map(|(tool, program)| (tool.as_str(), program.as_str()))
        .chain(PROGRAMS.iter().copied());
    for (name, program) in programs {
        write_file(&base.join("usr/bin").join(name), &format!("#!wasm:{program}\n"), 0o755)?;
    }
    // What serves a user's HTTP component is the host's own.
    write_file(&base.join("usr/bin/serve"), "#!host:serve\n", 0o755)?;
    for (name, content) in SCRIPTS {
        write_file(&base.join("usr/bin").join(name), content, 0o755)?;
    }
    for (name, target) in LINKS {
        symlink(target, base.join(name)).with_context(|| format!("cannot link {name} of the base layer"))?;
    }
    // Last and innermost first: writing into a directory changes its time, and one of them may not be written to.
    for (name, mode) in DIRECTORIES.iter().rev() {
        settle(&base.join(name), *mode)?;
    }
    settle(base, 0o755)
}

fn write_file(path: &Path, content: &str, mode: u32) -> Result<()> {
    std::fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))?;
    settle(path, mode)
}

/// Sets the bits, and the time that everything has.
pub fn settle(path: &Path, mode: u32) -> Result<()> {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(TIME);
    let settled = std::fs::set_permissions(path, Permissions::from_mode(mode))
        .and_then(|()| File::open(path)?.set_times(FileTimes::new().set_modified(time).set_accessed(time)));
    settled.with_context(|| format!("cannot settle {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn the_tree() {
        let base = std::env::temp_dir().join(format!("base-layer-{}", std::process::id()));
        clear(&base).unwrap();
        write(
            &base,
            &[("cat".into(), "tools".into()), ("jq".into(), "tools-data".into())],
        )
        .unwrap();
        assert_eq!(std::fs::read_to_string(base.join("bin/cat")).unwrap(), "#!wasm:tools\n");
        assert_eq!(
            std::fs::read_to_string(base.join("bin/jq")).unwrap(),
            "#!wasm:tools-data\n"
        );
        assert_eq!(std::fs::read_to_string(base.join("bin/sh")).unwrap(), "#!wasm:shell\n");
        let mode = |name: &str| base.join(name).metadata().unwrap().mode() & 0o7777;
        assert_eq!(
            (mode("bin/cat"), mode("tmp"), mode("home/daytona"), mode("etc/passwd")),
            (0o755, 0o777, 0o755, 0o644)
        );
        assert_eq!(base.join("tmp").metadata().unwrap().mtime() as u64, TIME);
        clear(&base).unwrap();
    }
}
