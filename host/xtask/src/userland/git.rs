//! `git` for sandboxes: Rust on libgit2, whose C sources come with a crate; in a workspace of its own.

use super::c_compiler::CCompiler;
use super::install;
use crate::process::{cargo, run, say};
use crate::{stamp, targets, workspace};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the crate git2 lacks for WASI, before a line of its `src/util.rs`: paths are bytes there as on Unix.
const PATCHES: [(&str, &str); 2] = [
    (
        "#[cfg(windows)]\npub fn bytes2path",
        "#[cfg(target_os = \"wasi\")]\npub fn bytes2path(b: &[u8]) -> &Path {\n    \
         // SAFETY: every string of bytes is an OsStr of WASI.\n    \
         Path::new(unsafe { OsStr::from_encoded_bytes_unchecked(b) })\n}\n",
    ),
    (
        "    #[cfg(windows)]\n    fn into_c_string(self)",
        "    #[cfg(target_os = \"wasi\")]\n    fn into_c_string(self) -> Result<CString, Error> {\n        \
         Ok(CString::new(self.into_encoded_bytes())?)\n    }\n",
    ),
];

/// Builds it if a source, a contract or a dependency has changed.
pub fn build(root: &Path, out: &Path) -> Result<()> {
    let inputs = [
        "components/guest-rt",
        "components/git",
        "components/tools/src/net",
        "host/xtask/src/userland/c_compiler.txt",
        "wit/files",
        "wit/tls",
        "wit/deps",
    ]
    .map(|input| root.join(input));
    let output = out.join("git.wasm");
    let fingerprint = stamp::fingerprint(&inputs, &["git"])?;
    stamp::unless_current(
        &out.join(".git-stamp"),
        &fingerprint,
        std::slice::from_ref(&output),
        || {
            targets::ensure()?;
            say("building git (the first time takes a minute)");
            run(
                command(root, "build")?.args(["--profile", "wasm"]),
                "building git for wasm32-wasip2",
            )?;
            let built = workspace::wasm_target(root)
                .join(targets::WASI)
                .join("wasm")
                .join("git.wasm");
            install(&built, &output)
        },
    )
}

/// Lints it.
pub fn clippy(root: &Path) -> Result<()> {
    run(
        command(root, "clippy")?.args(["--profile", "wasm", "--", "-D", "warnings"]),
        "clippy of git",
    )
}

/// `cargo` in git's own workspace, with all that its build needs.
fn command(root: &Path, verb: &str) -> Result<Command> {
    let compiler = CCompiler::ensure(root)?;
    prepare(root)?;
    let headers = root.join("components/git/c");
    let flags = format!(
        // size_t is not unsigned int here, but as wide.
        "-Wno-incompatible-pointer-types -include {0}/features.h -I{0}",
        headers.display()
    );
    let mut command = cargo();
    command
        .current_dir(root)
        .envs(compiler.environment())
        .env("CFLAGS_wasm32_wasip2", flags)
        .args([verb, "--locked", "--manifest-path"])
        .arg(root.join("components/git/Cargo.toml"))
        .args(["--target", targets::WASI, "--target-dir"])
        .arg(workspace::wasm_target(root));
    Ok(command)
}

/// The crate git2, as pinned, with what it lacks for WASI, in `target/patched`.
fn prepare(root: &Path) -> Result<()> {
    let source = root.join("components/git");
    let target = workspace::home(root).join("patched/git2");
    let inputs = [
        source.join("upstream/Cargo.toml"),
        source.join("upstream/Cargo.lock"),
        source.join("git2.toml"),
    ];
    let words: Vec<&str> = PATCHES.iter().flat_map(|(before, insert)| [*before, *insert]).collect();
    let fingerprint = stamp::fingerprint(&inputs, &words)?;
    let stamp = workspace::home(root).join("patched/.git2-stamp");
    stamp::unless_current(&stamp, &fingerprint, &[target.join("src/lib.rs")], || {
        let upstream = upstream(&source)?;
        if target.exists() {
            std::fs::remove_dir_all(&target).with_context(|| format!("cannot clear {}", target.display()))?;
        }
        copy(&upstream.join("src"), &target.join("src"))?;
        std::fs::copy(source.join("git2.toml"), target.join("Cargo.toml"))?;
        let path = target.join("src/util.rs");
        let mut text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        for (before, insert) in PATCHES {
            if text.matches(before).count() != 1 {
                bail!("git2 is not as expected: {before:?} is not once in util.rs; has its version changed?");
            }
            text = text.replace(before, &format!("{insert}{before}"));
        }
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    })
}

/// Where cargo keeps the sources of the pinned crate, after it has fetched and checked them.
fn upstream(source: &Path) -> Result<PathBuf> {
    let output = cargo()
        .args(["metadata", "--locked", "--format-version", "1", "--manifest-path"])
        .arg(source.join("upstream/Cargo.toml"))
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!("cargo metadata for git2: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let manifest = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == "git2")
        .and_then(|package| package["manifest_path"].as_str())
        .context("cargo metadata names no git2")?;
    Path::new(manifest)
        .parent()
        .map(Path::to_path_buf)
        .context("git2 has no directory")
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in std::fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
