//! Python packages that come with every sandbox: pip, and what the language server is made of. Pinned by hash, installed
//! by the build's own pip into `target/python-libraries`, and copied into the base layer.

use super::base::settle;
use crate::process::{run, say};
use crate::{stamp, workspace};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where they are in a sandbox, each with what is left out: stubs of packages that are not installed.
const PLACES: &[(&str, &str, &[&str])] = &[
    ("pip", "usr/lib/python3/dist-packages", &[]),
    (
        "jedi",
        "usr/lib/sandbar/lsp",
        &["third_party/django-stubs", "third_party/typeshed/stubs"],
    ),
    ("parso", "usr/lib/sandbar/lsp", &[]),
];

/// The scripts of pip.
pub const PIP: &str = "#!/usr/bin/python3\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n";

/// Where they are on this machine.
pub fn directory(root: &Path) -> PathBuf {
    workspace::home(root).join("python-libraries")
}

/// The list of them, with versions and hashes.
pub fn list(root: &Path) -> PathBuf {
    root.join("components/python/libraries.txt")
}

/// Installs them, by `pip` (a command that takes pip's arguments), if the list has changed.
pub fn install(root: &Path, pip: impl FnOnce() -> Command) -> Result<PathBuf> {
    let (list, directory) = (list(root), directory(root));
    let fingerprint = stamp::fingerprint(std::slice::from_ref(&list), &["python-libraries"])?;
    stamp::unless_current(
        &directory.join(".stamp"),
        &fingerprint,
        &[directory.join("pip"), directory.join("jedi")],
        || {
            say("installing the sandboxes' Python libraries into target/python-libraries");
            if directory.exists() {
                std::fs::remove_dir_all(&directory).with_context(|| format!("cannot clear {}", directory.display()))?;
            }
            let mut pip = pip();
            pip.args([
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-compile",
                "--no-deps",
            ])
            .args(["--only-binary", ":all:", "--require-hashes", "--target"])
            .arg(&directory)
            .arg("--requirement")
            .arg(&list);
            run(&mut pip, "pip install of the sandboxes' Python libraries")
        },
    )?;
    Ok(directory)
}

/// Copies them into the base layer.
pub fn write(libraries: &Path, base: &Path) -> Result<()> {
    for (name, place, left_out) in PLACES {
        let target = base.join(place);
        std::fs::create_dir_all(&target).with_context(|| format!("cannot make {place} of the base layer"))?;
        copy(&libraries.join(name), &target.join(name), left_out)?;
    }
    // What pip knows itself by.
    for entry in std::fs::read_dir(libraries)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("pip-") && name.ends_with(".dist-info") {
            copy(&path, &base.join("usr/lib/python3/dist-packages").join(name), &[])?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path, left_out: &[&str]) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in std::fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let target = to.join(&name);
        let name = name.to_string_lossy();
        if name == "__pycache__" || left_out.contains(&name.as_ref()) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            let below = format!("{name}/");
            let inside: Vec<&str> = left_out.iter().filter_map(|path| path.strip_prefix(&below)).collect();
            copy(&entry.path(), &target, &inside)?;
        } else {
            std::fs::copy(entry.path(), &target).with_context(|| format!("cannot copy {}", entry.path().display()))?;
            settle(&target, 0o644)?;
        }
    }
    settle(to, 0o755)
}
