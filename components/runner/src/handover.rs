//! The agent's whole state as bytes, to hand over to a newer component without losing a job in flight.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::entry::Entry;
use crate::ledger::Ledger;
use crate::model::{Amounts, Millis, Sample};

/// Version of the encoding. A component reads the one it writes; the host falls back to its journal.
const VERSION: u32 = 1;

/// Why a state was not taken over. Nothing has changed.
#[derive(Debug)]
pub enum HandoverError {
    /// The bytes are not a state.
    Malformed(serde_json::Error),
    /// Written by a component that encodes otherwise.
    Version(u32),
}

impl std::fmt::Display for HandoverError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "the state cannot be read: {error}"),
            Self::Version(found) => {
                write!(f, "the state has version {found}, this component reads {VERSION}")
            }
        }
    }
}

impl std::error::Error for HandoverError {}

#[derive(Serialize, Deserialize)]
struct Handover {
    version: u32,
    entries: BTreeMap<String, Entry>,
    reserved: BTreeMap<String, Amounts>,
    tombstones: VecDeque<String>,
    next_number: u64,
    sample: Sample,
    last_report: Option<Millis>,
    failures: u32,
    last_failure: Millis,
}

impl Agent {
    /// The whole state but the configuration, as JSON.
    pub fn export(&self) -> Vec<u8> {
        let handover = Handover {
            version: VERSION,
            entries: self.entries.clone(),
            reserved: self.ledger.held().clone(),
            tombstones: self.tombstones.clone(),
            next_number: self.next_number,
            sample: self.sample,
            last_report: self.last_report,
            failures: self.failures,
            last_failure: self.last_failure,
        };
        // Strings, numbers and maps with string keys: there is nothing that could fail to encode.
        serde_json::to_vec(&handover).unwrap_or_default()
    }

    /// Takes a state over, in place of the present one. Actions in flight keep their numbers. Allocatable
    /// amounts are those of this agent's configuration.
    pub fn import(&mut self, state: &[u8]) -> Result<(), HandoverError> {
        let handover: Handover = serde_json::from_slice(state).map_err(HandoverError::Malformed)?;
        if handover.version != VERSION {
            return Err(HandoverError::Version(handover.version));
        }
        self.ledger = Ledger::new(self.configuration.allocatable);
        self.in_flight.clear();
        for (sandbox, need) in &handover.reserved {
            self.ledger.record(sandbox, *need);
        }
        for (sandbox, entry) in &handover.entries {
            if let Some(work) = &entry.work {
                self.in_flight.insert(work.number, sandbox.clone());
            }
        }
        self.entries = handover.entries;
        self.tombstones = handover.tombstones;
        self.next_number = handover.next_number;
        self.sample = handover.sample;
        self.last_report = handover.last_report;
        self.failures = handover.failures;
        self.last_failure = handover.last_failure;
        self.told_until.clear();
        Ok(())
    }
}
