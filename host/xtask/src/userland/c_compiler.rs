//! A C compiler for Wasm, for guests with C inside: `zig cc` from PyPI, pinned, installed into `target/tools`. Nothing is
//! needed beside Python and pip.

use crate::process::{run, say};
use crate::{stamp, workspace};
use anyhow::{Context, Result};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Part of the fingerprint: changes when what is written here does.
const REVISION: &str = "1";

/// Drops the target that the `cc` crate names, in Rust's spelling, and names it as zig does.
const COMPILER: &str = r#"#!/bin/sh
for argument; do
    shift
    case "$argument" in
    --target=*) ;;
    *) set -- "$@" "$argument" ;;
    esac
done
here=$(dirname "$0")
PYTHONPATH="$here" exec python3 -m ziglang cc -target wasm32-wasi "$@"
"#;

const ARCHIVER: &str = r#"#!/bin/sh
here=$(dirname "$0")
PYTHONPATH="$here" exec python3 -m ziglang ar "$@"
"#;

/// The installed compiler.
pub struct CCompiler {
    directory: PathBuf,
}

impl CCompiler {
    /// Installs the pinned version if it is not there.
    pub fn ensure(root: &Path) -> Result<Self> {
        let directory = workspace::home(root).join("tools/c-compiler");
        let requirements = root.join("host/xtask/src/userland/c_compiler.txt");
        let fingerprint = stamp::fingerprint(std::slice::from_ref(&requirements), &[REVISION])?;
        let outputs = [directory.join("ziglang"), directory.join("cc"), directory.join("ar")];
        stamp::unless_current(&directory.join(".stamp"), &fingerprint, &outputs, || {
            say("installing a C compiler for Wasm into target/tools");
            if directory.exists() {
                std::fs::remove_dir_all(&directory).with_context(|| format!("cannot clear {}", directory.display()))?;
            }
            let mut pip = Command::new("python3");
            pip.args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--target",
            ])
            .arg(&directory)
            .arg("--requirement")
            .arg(&requirements);
            run(
                &mut pip,
                "pip install ziglang (it needs pip and the Python package index; try `python3 -m ensurepip`)",
            )?;
            script(&directory.join("cc"), COMPILER)?;
            script(&directory.join("ar"), ARCHIVER)
        })?;
        Ok(Self { directory })
    }

    /// What the `cc` crate (and rquickjs-sys, which would fetch an SDK of its own) is to find in its environment, for
    /// the target `wasm32-wasip2`.
    pub fn environment(&self) -> [(&'static str, PathBuf); 3] {
        [
            ("CC_wasm32_wasip2", self.directory.join("cc")),
            ("AR_wasm32_wasip2", self.directory.join("ar")),
            ("RQUICKJS_SYS_NO_WASI_SDK", PathBuf::from("1")),
        ]
    }
}

fn script(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text)
        .and_then(|()| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("cannot write {}", path.display()))
}
