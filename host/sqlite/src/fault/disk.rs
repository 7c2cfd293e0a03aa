//! What a disk holds for sure, what may be lost, and when it fails.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use rusqlite::ffi;

use super::random::Random;

/// What a drive writes whole or not at all.
const SECTOR: usize = 512;

/// What happens to writes that were not synced when the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// All are gone.
    Everything,
    /// Each is kept or lost on its own, whatever the order.
    SomeWrites,
    /// Each sector of 512 bytes is kept or lost on its own.
    TornSectors,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Any call, with an input/output error.
    Any,
    /// A write, because the disk is full.
    Full,
    /// A sync, with an input/output error.
    Sync,
}

/// A call that fails.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// How.
    pub failure: Failure,
    /// Which call of the kind that can fail so: the first after the fault is armed is 1.
    pub at: u64,
    /// Whether all later ones fail as well.
    pub forever: bool,
}

/// One kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Read,
    Write,
    Truncate,
    Sync,
}

#[derive(Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

#[derive(Debug, Default)]
struct Tracked {
    durable: Vec<u8>,
    unsynced: Vec<Change>,
    syncs: u64,
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<PathBuf, Tracked>,
    /// Writes, truncations and syncs so far.
    changes: u64,
    power_fails_at: Option<u64>,
    powerless: bool,
    calls: u64,
    fault: Option<Fault>,
    faults: u64,
    syncs_held: bool,
    syncs_waiting: u64,
}

/// The files of one shim. Shared by the test and SQLite.
#[derive(Debug, Default)]
pub struct Disk {
    state: Mutex<State>,
    changed: Condvar,
}

impl Disk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Syncs of files whose name ends so, `-wal` for the log.
    pub fn syncs(&self, suffix: &str) -> u64 {
        let state = self.state();
        let named = state
            .files
            .iter()
            .filter(|(path, _)| path.to_string_lossy().ends_with(suffix));
        named.map(|(_, file)| file.syncs).sum()
    }

    /// Writes, truncations and syncs so far.
    pub fn changes(&self) -> u64 {
        self.state().changes
    }

    /// Times that an armed fault has struck.
    pub fn faults(&self) -> u64 {
        self.state().faults
    }

    /// Cuts the power at this change, counted from now on, 1 being the next.
    pub fn cut_power_at(&self, change: u64) {
        let mut state = self.state();
        state.power_fails_at = Some(state.changes + change);
    }

    /// Whether the power is gone.
    pub fn is_powerless(&self) -> bool {
        self.state().powerless
    }

    /// Arms a fault, or none, and counts calls from 0 again.
    pub fn arm(&self, fault: Option<Fault>) {
        let mut state = self.state();
        state.fault = fault;
        state.calls = 0;
    }

    /// Lets no sync end until what this gives is dropped.
    pub fn hold_syncs(self: &Arc<Self>) -> HeldSyncs {
        self.state().syncs_held = true;
        HeldSyncs(Arc::clone(self))
    }

    /// Syncs that are held.
    pub fn syncs_waiting(&self) -> u64 {
        self.state().syncs_waiting
    }

    /// The files as they may be found after the power came back: names and contents.
    pub fn survivors(&self, loss: Loss, random: &mut Random) -> Vec<(PathBuf, Vec<u8>)> {
        let state = self.state();
        let files = state.files.iter();
        files
            .map(|(path, file)| (path.clone(), file.survivor(loss, random)))
            .collect()
    }

    /// Writes the survivors under their names into another directory.
    ///
    /// # Errors
    /// If that directory cannot be written.
    pub fn survive_into(&self, directory: &Path, loss: Loss, random: &mut Random) -> io::Result<()> {
        for (path, contents) in self.survivors(loss, random) {
            let name = path
                .file_name()
                .ok_or_else(|| io::Error::other("a file without a name"))?;
            fs::write(directory.join(name), contents)?;
        }
        Ok(())
    }

    /// Begins to track a file; what it holds is taken as durable.
    pub(super) fn opened(&self, path: &Path) {
        let mut state = self.state();
        if !state.files.contains_key(path) {
            let durable = fs::read(path).unwrap_or_default();
            let file = Tracked {
                durable,
                ..Tracked::default()
            };
            state.files.insert(path.to_owned(), file);
        }
    }

    /// Forgets a file; false if there is no power to remove it with.
    pub(super) fn delete(&self, path: &Path) -> bool {
        let mut state = self.state();
        if !state.powerless {
            state.files.remove(path);
        }
        !state.powerless
    }

    /// Decides whether a call fails; the code of SQLite if so.
    pub(super) fn call(&self, call: Call) -> Result<(), i32> {
        let mut state = self.state();
        if call != Call::Read {
            state.changes += 1;
            state.powerless |= state.power_fails_at.is_some_and(|at| state.changes >= at);
        }
        if state.powerless {
            return Err(failure(call));
        }
        let Some(fault) = state.fault else { return Ok(()) };
        let (can_strike, code) = match fault.failure {
            Failure::Any => (true, failure(call)),
            Failure::Full => (call == Call::Write, ffi::SQLITE_FULL),
            Failure::Sync => (call == Call::Sync, failure(call)),
        };
        state.calls += u64::from(can_strike);
        if can_strike && (state.calls == fault.at || (fault.forever && state.calls > fault.at)) {
            state.faults += 1;
            return Err(code);
        }
        Ok(())
    }

    /// Notes a write, which may survive although it was not synced, and even although it failed.
    pub(super) fn wrote(&self, path: &Path, offset: usize, data: &[u8]) {
        if let Some(file) = self.state().files.get_mut(path) {
            file.unsynced.push(Change::Write(offset, data.to_vec()));
        }
    }

    pub(super) fn truncated(&self, path: &Path, length: usize) {
        if let Some(file) = self.state().files.get_mut(path) {
            file.unsynced.push(Change::Truncate(length));
        }
    }

    pub(super) fn synced(&self, path: &Path) {
        let mut state = self.state();
        state.syncs_waiting += 1;
        while state.syncs_held {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.syncs_waiting -= 1;
        if let Some(file) = state.files.get_mut(path) {
            file.syncs += 1;
            for change in std::mem::take(&mut file.unsynced) {
                change.apply(&mut file.durable);
            }
        }
    }
}

/// Lets syncs end again when it is dropped, so that also a test that fails comes to its end.
#[derive(Debug)]
pub struct HeldSyncs(Arc<Disk>);

impl Drop for HeldSyncs {
    fn drop(&mut self) {
        self.0.state().syncs_held = false;
        self.0.changed.notify_all();
    }
}

fn failure(call: Call) -> i32 {
    match call {
        Call::Read => ffi::SQLITE_IOERR_READ,
        Call::Write => ffi::SQLITE_IOERR_WRITE,
        Call::Truncate => ffi::SQLITE_IOERR_TRUNCATE,
        Call::Sync => ffi::SQLITE_IOERR_FSYNC,
    }
}

impl Tracked {
    fn survivor(&self, loss: Loss, random: &mut Random) -> Vec<u8> {
        let mut contents = self.durable.clone();
        for change in &self.unsynced {
            match (loss, change) {
                (Loss::Everything, _) => {}
                (Loss::TornSectors, Change::Write(offset, data)) => {
                    for (index, sector) in data.chunks(SECTOR).enumerate() {
                        if random.coin() {
                            write(&mut contents, offset + index * SECTOR, sector);
                        }
                    }
                }
                (_, change) => {
                    if random.coin() {
                        change.apply(&mut contents);
                    }
                }
            }
        }
        contents
    }
}

impl Change {
    fn apply(&self, contents: &mut Vec<u8>) {
        match self {
            Change::Write(offset, data) => write(contents, *offset, data),
            Change::Truncate(length) => contents.truncate(*length),
        }
    }
}

fn write(contents: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if contents.len() < end {
        contents.resize(end, 0);
    }
    contents[offset..end].copy_from_slice(data);
}
