//! What the kernel is told of a thread.

use std::fmt;
use std::io;

use crate::limits::HEAVY_NICE;

/// How eager a thread is. Both kinds can be had without any right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Priority {
    /// Runs when no other thread of the machine wants to, and is interrupted as soon as one does (`SCHED_IDLE`, see
    /// sched(7)). A thread that is only nice may keep the processor for milliseconds before it is interrupted.
    Spare,
    /// Has a small share of a busy processor.
    Fair,
}

impl Priority {
    /// Gives it to the calling thread.
    pub(super) fn take(self) -> io::Result<()> {
        match self {
            Self::Spare => {
                let parameters = libc::sched_param { sched_priority: 0 };
                // SAFETY: the pointer is to a value that lives through the call; 0 is the calling thread.
                match unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &parameters) } {
                    0 => Ok(()),
                    _ => Err(io::Error::last_os_error()),
                }
            }
            // Of this thread alone, as Linux has it.
            Self::Fair => Ok(rustix::process::setpriority_process(None, HEAVY_NICE)?),
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spare => "spare",
            Self::Fair => "fair",
        })
    }
}
