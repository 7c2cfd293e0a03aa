//! The jail of a cell, closed before hostile code is loaded: what an escape from WebAssembly would find.
//!
//! It is closed while the process has one thread, so that every later thread is inside. Nothing of it needs privileges.

use crate::config::CellConfig;
use crate::listen_guard;
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;
use std::path::{Path, PathBuf};

/// Newest Landlock interface that this code asks for; older kernels give what they have.
const NEWEST: ABI = ABI::V6;

/// Where name servers are configured; often a link.
const RESOLVER: &str = "/etc/resolv.conf";

/// Open files of a cell: each open sandbox keeps a few directories, each process a few files.
const OPEN_FILES: u64 = 1 << 18;

/// How far the jail is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// As far as this code knows how.
    Fully,
    /// As far as this kernel can.
    Partly,
    /// Not at all: the kernel has no Landlock.
    No,
}

/// Why the jail could not be closed.
#[derive(Debug, thiserror::Error)]
pub enum JailError {
    /// A limit of the process could not be set.
    #[error("cannot limit the cell: {0}")]
    Limit(#[from] rustix::io::Errno),
    /// Landlock is there and refuses.
    #[error("cannot close the cell's jail: {0}")]
    Landlock(#[from] landlock::RulesetError),
    /// A directory that the cell needs cannot be opened.
    #[error("cannot open a directory of the cell: {0}")]
    Path(#[from] landlock::PathFdError),
}

/// Limits of the process, jailed or not: no core dumps (they would hold tenants' memory), many open files.
///
/// # Errors
/// [`JailError::Limit`].
pub fn limits() -> Result<(), JailError> {
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )?;
    let files = getrlimit(Resource::Nofile);
    let wanted = files.maximum.map_or(OPEN_FILES, |most| most.min(OPEN_FILES));
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(wanted),
            maximum: Some(wanted),
        },
    )?;
    Ok(())
}

/// Closes the jail: this process and its threads to come can read the userland and the compiled code, read and write the
/// sandboxes, and nothing else: no other file, no program, no listening, no signals to processes outside. It can connect
/// out over TCP only if sandboxes have a way out (where to is the network layer's to say, not the kernel's), and then it
/// also reads what names are looked up with.
///
/// On a kernel without Landlock it warns and goes on: WebAssembly still holds the guests, but nothing stands behind it.
///
/// # Errors
/// [`JailError`], if the kernel has Landlock and it cannot be used.
pub fn close(config: &CellConfig) -> Result<Closed, JailError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    // Taking the rules on also gives up new privileges (PR_SET_NO_NEW_PRIVS), for good.
    let network = if config.egress.none {
        AccessNet::from_all(NEWEST)
    } else {
        AccessNet::BindTcp.into()
    };
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(network)?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rule(beneath(&config.userland, read)?)?
        .add_rule(beneath(&config.cache_dir, read)?)?
        .add_rule(beneath(&config.sandboxes, read | write())?)?;
    if !config.egress.none {
        for (path, access) in resolver_files() {
            ruleset = ruleset.add_rule(beneath(&path, access)?)?;
        }
    }
    if let Err(error) = listen_guard::close() {
        tracing::warn!(%error, "the cell may listen for connections as far as Landlock lets it");
    }
    let status = ruleset.restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Closed::Fully,
        RulesetStatus::PartiallyEnforced => {
            tracing::info!("the jail is closed as far as this kernel can; a newer one does more");
            Closed::Partly
        }
        RulesetStatus::NotEnforced => {
            tracing::warn!(
                "this kernel has no Landlock: the cell runs without its jail; use Linux 5.13 or newer with landlock among its LSMs"
            );
            Closed::No
        }
    })
}

/// What the machine's resolver reads, as far as it is there. Where its configuration is replaced while the machine runs, it
/// lies in a directory of its own below /run, and a new file there can be read as well.
fn resolver_files() -> Vec<(PathBuf, BitFlags<AccessFs>)> {
    let file: BitFlags<AccessFs> = AccessFs::ReadFile.into();
    let named = [
        "/etc/hosts",
        "/etc/host.conf",
        "/etc/nsswitch.conf",
        "/etc/gai.conf",
        RESOLVER,
    ];
    let mut files: Vec<_> = named
        .into_iter()
        .map(PathBuf::from)
        .filter(|path| path.is_file())
        .map(|path| (path, file))
        .collect();
    let directory = std::fs::canonicalize(RESOLVER)
        .ok()
        .and_then(|path| path.parent().map(Path::to_owned))
        .filter(|directory| directory.starts_with("/run/systemd/resolve"));
    files.extend(directory.map(|directory| (directory, file | AccessFs::ReadDir)));
    files
}

fn beneath(path: &Path, access: BitFlags<AccessFs>) -> Result<PathBeneath<PathFd>, JailError> {
    Ok(PathBeneath::new(PathFd::new(path)?, access))
}

/// What the file layer does in a sandbox's directory. No devices, no sockets, no fifos, no execution.
fn write() -> BitFlags<AccessFs> {
    AccessFs::WriteFile
        | AccessFs::RemoveDir
        | AccessFs::RemoveFile
        | AccessFs::MakeDir
        | AccessFs::MakeReg
        | AccessFs::MakeSym
        | AccessFs::Refer
        | AccessFs::Truncate
}

/// Ends this process when its parent ends, even if the socket should stay open for some reason.
///
/// # Errors
/// As of prctl(2).
pub fn die_with_parent() -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(())
}
