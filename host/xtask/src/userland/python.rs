//! Python: CPython for Wasm with our front, made into one component by componentize-py from PyPI.

use super::{install, libraries};
use crate::process::{run, say};
use crate::{stamp, workspace};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const INTERPRETER: &str = "python3";

/// Builds it if a source, a contract or the pinned version has changed.
pub fn build(root: &Path, out: &Path) -> Result<()> {
    let source = root.join("components/python");
    let inputs = [
        source.clone(),
        root.join("wit/process"),
        root.join("wit/files"),
        root.join("wit/tls"),
        root.join("wit/deps"),
    ];
    let tool = componentize(root, &source)?;
    let libraries = libraries::install(root, || tool.pip())?;
    let output = out.join("python.wasm");
    let fingerprint = stamp::fingerprint(&inputs, &["python"])?;
    stamp::unless_current(
        &out.join(".python-stamp"),
        &fingerprint,
        std::slice::from_ref(&output),
        || {
            say("building python (about half a minute)");
            let work = workspace::home(root).join("python-build");
            let wit = assemble_wit(root, &source, &work)?;
            let built = work.join("python.wasm");
            let mut command = tool.command();
            command
                .arg("--wit-path")
                .arg(&wit)
                .args(["--world", "python", "componentize", "--python-path"]);
            command.arg(&source).arg("--python-path").arg(&libraries);
            command.args(["app", "--output"]).arg(&built);
            run(&mut command, "componentize-py")?;
            install(&built, &output)
        },
    )
}

/// The componentize-py of this checkout.
struct Tool {
    program: PathBuf,
    /// Where its package is, if it is not in an environment of its own.
    package: Option<PathBuf>,
}

impl Tool {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // Its packages must not find their way into the component.
        command.env_remove("VIRTUAL_ENV").env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(package) = &self.package {
            command.env("PYTHONPATH", package);
        }
        command
    }

    /// The pip that installed it.
    fn pip(&self) -> Command {
        let own = self.program.with_file_name("python");
        let mut command = Command::new(if own.exists() { own } else { PathBuf::from(INTERPRETER) });
        command.args(["-m", "pip"]);
        command
    }
}

/// Installs the pinned version into `target/pyenv`: a virtual environment, or a plain directory where this
/// Python cannot make one.
fn componentize(root: &Path, source: &Path) -> Result<Tool> {
    let directory = workspace::home(root).join("pyenv");
    let requirements = source.join("requirements.txt");
    let program = directory.join("bin/componentize-py");
    let fingerprint = stamp::fingerprint(std::slice::from_ref(&requirements), &["pyenv"])?;
    stamp::unless_current(
        &directory.join(".stamp"),
        &fingerprint,
        std::slice::from_ref(&program),
        || {
            check_interpreter()?;
            say("installing componentize-py into target/pyenv");
            if directory.exists() {
                std::fs::remove_dir_all(&directory).with_context(|| format!("cannot clear {}", directory.display()))?;
            }
            let made = Command::new(INTERPRETER)
                .args(["-m", "venv"])
                .arg(&directory)
                .output()
                .is_ok_and(|made| made.status.success());
            let mut pip = if made {
                Command::new(directory.join("bin/python"))
            } else {
                // Debian splits venv off; its pip can still install into a directory.
                let _ = std::fs::remove_dir_all(&directory);
                Command::new(INTERPRETER)
            };
            pip.args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--requirement",
            ])
            .arg(&requirements);
            if !made {
                pip.arg("--target").arg(&directory);
            }
            run(
                &mut pip,
                "pip install componentize-py (it needs pip and the Python package index; try `python3 -m ensurepip`)",
            )
        },
    )?;
    let in_environment = directory.join("pyvenv.cfg").exists();
    Ok(Tool {
        program,
        package: (!in_environment).then_some(directory),
    })
}

fn check_interpreter() -> Result<()> {
    let works = Command::new(INTERPRETER)
        .args(["-c", "import sys; sys.exit(sys.version_info < (3, 9))"])
        .status()
        .is_ok_and(|status| status.success());
    if !works {
        bail!("python3 is missing or older than 3.9, and building the sandboxes' Python needs it; install python3");
    }
    Ok(())
}

/// The world of the component and everything it names, in the layout that componentize-py reads.
fn assemble_wit(root: &Path, source: &Path, work: &Path) -> Result<PathBuf> {
    let wit = work.join("wit");
    if wit.exists() {
        std::fs::remove_dir_all(&wit).with_context(|| format!("cannot clear {}", wit.display()))?;
    }
    let deps = wit.join("deps");
    std::fs::create_dir_all(&deps).with_context(|| format!("cannot make {}", deps.display()))?;
    copy_files(&source.join("wit"), &wit)?;
    let contracts = root.join("wit");
    for package in ["process", "files", "tls"] {
        copy_files(&contracts.join(package), &deps.join(package))?;
    }
    for entry in std::fs::read_dir(contracts.join("deps"))? {
        let entry = entry?;
        copy_files(&entry.path(), &deps.join(entry.file_name()))?;
    }
    Ok(wit)
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in std::fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
