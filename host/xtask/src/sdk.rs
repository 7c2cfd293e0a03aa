//! The real SDKs, as their users install them, at pinned versions.

use crate::process::{run, say};
use crate::{stamp, workspace};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the Python SDK's virtual environment is.
pub fn python(root: &Path) -> PathBuf {
    workspace::home(root).join("sdk/python")
}

/// Where the npm packages are.
pub fn node(root: &Path) -> PathBuf {
    workspace::home(root).join("sdk/node")
}

/// Installs both unless they are there.
pub fn install(root: &Path) -> Result<()> {
    install_python(root)?;
    install_node(root)?;
    download_packages(root)
}

/// The packages that tests install inside sandboxes: wheels of pure Python, and sources where there is none.
fn download_packages(root: &Path) -> Result<()> {
    let requirements = root.join("tests/functional/packages/requirements.txt");
    let directory = workspace::home(root).join("sdk/packages");
    // Beside it: the directory is served as it is.
    let stamp = workspace::home(root).join("sdk/.packages-stamp");
    let fingerprint = stamp::fingerprint(std::slice::from_ref(&requirements), &["packages"])?;
    stamp::unless_current(&stamp, &fingerprint, std::slice::from_ref(&directory), || {
        say("downloading the packages that tests install");
        if directory.exists() {
            std::fs::remove_dir_all(&directory).with_context(|| format!("cannot clear {}", directory.display()))?;
        }
        let mut pip = Command::new(python(root).join("bin/python"));
        pip.args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ])
        .args(["--platform", "any", "--python-version", "3.14"])
        .args(["--implementation", "py", "--abi", "none", "--dest"])
        .arg(&directory)
        .arg("--requirement")
        .arg(&requirements);
        run(&mut pip, "pip download")
    })
}

fn install_python(root: &Path) -> Result<()> {
    let requirements = root.join("tests/conformance/python/requirements.txt");
    let directory = python(root);
    let fingerprint = stamp::fingerprint(std::slice::from_ref(&requirements), &["python"])?;
    let interpreter = directory.join("bin/python");
    stamp::unless_current(
        &directory.join(".stamp"),
        &fingerprint,
        std::slice::from_ref(&interpreter),
        || {
            say("installing the Python SDK");
            run(
                Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory),
                "python3 -m venv (on Debian, the package python3-venv has it)",
            )?;
            let mut pip = Command::new(&interpreter);
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
                .arg(&requirements);
            run(&mut pip, "pip install")
        },
    )
}

fn install_node(root: &Path) -> Result<()> {
    let source = root.join("tests/conformance/node");
    let directory = node(root);
    let files = ["package.json", "package-lock.json"];
    let fingerprint = stamp::fingerprint(&files.map(|file| source.join(file)), &["node"])?;
    stamp::unless_current(
        &directory.join(".stamp"),
        &fingerprint,
        &[directory.join("node_modules")],
        || {
            say("installing the npm SDKs");
            std::fs::create_dir_all(&directory)?;
            for file in files {
                std::fs::copy(source.join(file), directory.join(file)).with_context(|| format!("copying {file}"))?;
            }
            run(
                Command::new("npm")
                    .current_dir(&directory)
                    .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]),
                "npm ci (the TypeScript SDK's tests need Node.js 20 or newer)",
            )
        },
    )
}
