//! The second half of the jail's network: no thread of a cell ever waits for a connection.
//!
//! Landlock refuses to bind a TCP port, but listening on an unbound socket takes a port of the kernel's choice, and UDP is
//! none of its business. A cell needs neither listen nor accept: its one connection is given to it. So seccomp refuses both.

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use std::collections::BTreeMap;

/// Why the filter could not be set.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The filter cannot be made for this kind of processor.
    #[error("no filter of system calls for this machine: {0}")]
    Backend(#[from] seccompiler::BackendError),
    /// The kernel refuses it.
    #[error("the kernel takes no filter of system calls: {0}")]
    Kernel(#[from] seccompiler::Error),
}

/// From now on listen(2) and accept(2) fail with EPERM, in this thread and those that it makes.
///
/// # Errors
/// See [`GuardError`]; nothing has changed then.
pub fn close() -> Result<(), GuardError> {
    let arch: TargetArch = std::env::consts::ARCH.try_into()?;
    // No conditions: whatever the arguments.
    let refused = [libc::SYS_listen, libc::SYS_accept, libc::SYS_accept4].map(|call| (call, Vec::new()));
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(BTreeMap::from(refused), SeccompAction::Allow, refuse, arch)?;
    let program: BpfProgram = filter.try_into()?;
    Ok(seccompiler::apply_filter(&program)?)
}
