//! Builds what runs inside sandboxes into `target/userland/`: the guests written in Rust, Python, and the lowest
//! file layer. Each is skipped if its inputs have not changed.

mod base;
mod c_compiler;
mod git;
mod guests;
mod libraries;
mod node;
mod python;

use crate::workspace;
use anyhow::{Context, Result};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where the userland goes.
pub fn directory(root: &Path) -> PathBuf {
    workspace::home(root).join("userland")
}

/// Lints what is in no workspace but its own.
pub fn clippy(root: &Path) -> Result<()> {
    git::clippy(root)
}

/// Builds what has changed.
pub fn build(root: &Path) -> Result<()> {
    let out = directory(root);
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    // The base layer holds directories that everybody may write to (as /tmp is in a sandbox); nobody else on this
    // machine may reach them.
    std::fs::set_permissions(&out, std::fs::Permissions::from_mode(0o700))?;
    guests::build(root, &out)?;
    node::build(root, &out)?;
    git::build(root, &out)?;
    python::build(root, &out)?;
    base::build(root, &out)
}

/// Written beside and renamed, so that a running platform never sees half a file.
fn install(from: &Path, to: &Path) -> Result<()> {
    let beside = to.with_extension("new");
    std::fs::copy(from, &beside).with_context(|| format!("cannot copy {} to {}", from.display(), beside.display()))?;
    std::fs::rename(&beside, to).with_context(|| format!("cannot replace {}", to.display()))
}

/// The tools, each with the program that it is in, from the table that the tools themselves are built by.
fn tool_names(root: &Path) -> Result<Vec<(String, String)>> {
    let path = root.join("components/tools/programs.txt");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(names_in(&text))
}

fn names_in(table: &str) -> Vec<(String, String)> {
    let mut program = "";
    let mut names = Vec::new();
    for line in table.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            program = section;
        } else if let Some(name) = line.split_whitespace().next()
            && !line.starts_with('#')
        {
            names.push((name.to_owned(), program.to_owned()));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_table_of_programs() {
        let names =
            super::names_in("# comment\n[tools]\ncat uu_cat::uumain\n[  tools::test::main\n\n[tools-data]\njq x\n");
        let names: Vec<_> = names
            .iter()
            .map(|(name, program)| (name.as_str(), program.as_str()))
            .collect();
        assert_eq!(names, [("cat", "tools"), ("[", "tools"), ("jq", "tools-data")]);
    }
}
