//! What really is, beside what anybody believes; and what must never happen.

use std::collections::BTreeMap;

use crate::Millis;

/// Something happened that must never happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What, in words.
    pub what: String,
    /// The sandbox or runner that it is about; empty if it is about none.
    pub subject: String,
    /// When, by the virtual clock.
    pub at: Millis,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "at {} ms: {} ({})", self.at, self.what, self.subject)
    }
}

/// A copy of a sandbox: on which machine's disk it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copy {
    pub machine: usize,
    /// Identity of the disk: a machine may get a new one.
    pub instance: String,
}

/// One sandbox, as an all-knowing observer sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life {
    /// Calls acknowledged to users; each has written something.
    pub acknowledged: u64,
    /// The newest generation and the copy that acknowledged one.
    pub last: Option<(u64, Copy)>,
    /// Its user has asked for its end.
    pub deleted: bool,
    /// It has been on a runner that lies.
    pub lied: bool,
    /// The disk with its files has died.
    pub lost: bool,
}

/// Everything that the checks remember.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    pub lives: BTreeMap<String, Life>,
    /// Runners with a process that lies.
    pub liars: Vec<String>,
}

impl Truth {
    /// A copy acknowledges a call of this generation, having seen `written` earlier ones on its disk.
    pub(crate) fn acknowledge(
        &mut self,
        sandbox: &str,
        generation: u64,
        copy: Copy,
        written: u64,
    ) -> Result<(), String> {
        let life = self.lives.entry(sandbox.to_owned()).or_default();
        if let Some((newest, last)) = &life.last {
            if generation < *newest {
                return Err(format!(
                    "generation {generation} acknowledged a call after generation {newest} had"
                ));
            }
            if *last != copy && !life.lied {
                return Err(format!(
                    "two copies acknowledged calls: {last:?} under generation {newest}, {copy:?} under {generation}"
                ));
            }
        }
        if written != life.acknowledged {
            return Err(format!(
                "a call saw {written} of the {} writes that were acknowledged",
                life.acknowledged
            ));
        }
        life.acknowledged += 1;
        life.last = Some((generation, copy));
        Ok(())
    }
}
