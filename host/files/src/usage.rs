//! What a sandbox takes: counters with limits, and the open files that share a size.

use std::collections::HashMap;
use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use rustix::fs::Stat;

use crate::{BLOCK, Error, Limits, Result, Usage};

/// Locks a mutex whose holder may have panicked: the data behind ours are counters and caches that
/// are consistent after every statement.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes charged for a file of this size.
pub(crate) fn charged(size: u64) -> u64 {
    size.div_ceil(BLOCK).saturating_mul(BLOCK)
}

/// The counters of one tree.
#[derive(Debug)]
pub(crate) struct Account {
    limits: Limits,
    bytes: AtomicU64,
    inodes: AtomicU64,
    handles: AtomicU64,
    listed: AtomicU64,
}

impl Account {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            bytes: AtomicU64::new(0),
            inodes: AtomicU64::new(0),
            handles: AtomicU64::new(0),
            listed: AtomicU64::new(0),
        })
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn usage(&self) -> Usage {
        Usage {
            bytes: self.bytes.load(Ordering::Relaxed),
            inodes: self.inodes.load(Ordering::Relaxed),
            handles: self.handles.load(Ordering::Relaxed),
        }
    }

    /// Takes bytes and inodes, or neither.
    pub(crate) fn charge(&self, bytes: u64, inodes: u64) -> Result<()> {
        take(&self.bytes, bytes, self.limits.bytes).ok_or(Error::Quota)?;
        if take(&self.inodes, inodes, self.limits.inodes).is_none() {
            give(&self.bytes, bytes);
            return Err(Error::Quota);
        }
        Ok(())
    }

    /// Takes them whatever the limit: for what the layer itself must make so that a guest can remove
    /// something, and for the count at opening.
    pub(crate) fn force(&self, bytes: u64, inodes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.inodes.fetch_add(inodes, Ordering::Relaxed);
    }

    pub(crate) fn refund(&self, bytes: u64, inodes: u64) {
        give(&self.bytes, bytes);
        give(&self.inodes, inodes);
    }

    /// Charges the growth of a file as far as the quota allows; returns the size that is paid for.
    fn grow(&self, from: u64, to: u64) -> u64 {
        let paid = charged(from);
        let wanted = charged(to).saturating_sub(paid);
        if take(&self.bytes, wanted, self.limits.bytes).is_some() {
            return to;
        }
        let left = self.limits.bytes.saturating_sub(self.bytes.load(Ordering::Relaxed));
        let whole = left / BLOCK * BLOCK;
        match take(&self.bytes, whole.min(wanted), self.limits.bytes) {
            Some(()) => to.min(paid + whole),
            None => from,
        }
    }

    /// Takes room for a listing of this many entries.
    pub(crate) fn list(&self, entries: u64) -> Result<()> {
        take(&self.listed, entries, crate::MAX_LISTED).ok_or(Error::Handles)
    }

    pub(crate) fn unlist(&self, entries: u64) {
        give(&self.listed, entries);
    }

    /// Takes one handle; it is given back when the slot is dropped.
    pub(crate) fn slot(self: &Arc<Self>) -> Result<Slot> {
        take(&self.handles, 1, self.limits.handles).ok_or(Error::Handles)?;
        Ok(Slot(Arc::clone(self)))
    }
}

fn take(counter: &AtomicU64, amount: u64, limit: u64) -> Option<()> {
    if amount == 0 {
        return Some(());
    }
    let step = |used: u64| used.checked_add(amount).filter(|sum| *sum <= limit);
    counter
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, step)
        .ok()
        .map(|_| ())
}

fn give(counter: &AtomicU64, amount: u64) {
    let step = |used: u64| Some(used.saturating_sub(amount));
    let _ = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
}

/// One open handle, counted.
#[derive(Debug)]
pub(crate) struct Slot(Arc<Account>);

impl Drop for Slot {
    fn drop(&mut self) {
        give(&self.0.handles, 1);
    }
}

type Key = (u64, u64);

fn key(stat: &Stat) -> Key {
    (stat.st_dev, stat.st_ino)
}

/// The open files of the upper layer, by device and inode: all handles of a file share one [`Inode`].
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<HashMap<Key, Weak<Inode>>>);

impl Registry {
    /// The open inode of this file, if there is one that still has a name.
    pub(crate) fn find(&self, stat: &Stat) -> Option<Arc<Inode>> {
        let inode = lock(&self.0).get(&key(stat))?.upgrade()?;
        let unlinked = lock(&inode.state).unlinked;
        (!unlinked).then_some(inode)
    }

    /// The inode of a file just opened by name.
    pub(crate) fn share(self: &Arc<Self>, account: &Arc<Account>, stat: &Stat) -> Arc<Inode> {
        self.find(stat).unwrap_or_else(|| self.insert(account, stat))
    }

    /// The inode of a file just created: whatever had its number before is gone.
    pub(crate) fn insert(self: &Arc<Self>, account: &Arc<Account>, stat: &Stat) -> Arc<Inode> {
        let inode = Arc::new(Inode {
            account: Arc::clone(account),
            registry: Arc::clone(self),
            writers: AtomicU64::new(0),
            place: RwLock::new(Place::Own),
            state: Mutex::new(State {
                key: key(stat),
                size: u64::try_from(stat.st_size).unwrap_or(0),
                unlinked: false,
            }),
        });
        lock(&self.0).insert(key(stat), Arc::downgrade(&inode));
        inode
    }

    /// Takes every open inode that still has a name out of the registry: what is opened from now on is another file.
    pub(crate) fn take_named(&self) -> Vec<Arc<Inode>> {
        let all: Vec<Arc<Inode>> = lock(&self.0).values().filter_map(Weak::upgrade).collect();
        let named = |inode: &Arc<Inode>| !lock(&inode.state).unlinked;
        let (taken, unlinked): (Vec<_>, Vec<_>) = all.into_iter().partition(named);
        let mut open = lock(&self.0);
        for inode in &taken {
            open.remove(&lock(&inode.state).key);
        }
        drop(open);
        drop(unlinked);
        taken
    }

    /// Puts an inode back, as the file that it now is.
    pub(crate) fn put_back(&self, inode: &Arc<Inode>, stat: &Stat) {
        lock(&inode.state).key = key(stat);
        lock(&self.0).insert(key(stat), Arc::downgrade(inode));
    }

    /// Puts inodes back that are still the same files.
    pub(crate) fn restore(&self, inodes: &[Arc<Inode>]) {
        for inode in inodes {
            let key = lock(&inode.state).key;
            lock(&self.0).insert(key, Arc::downgrade(inode));
        }
    }

    /// Bytes and inodes charged for open files without a name.
    pub(crate) fn unlinked(&self) -> (u64, u64) {
        let all: Vec<Arc<Inode>> = lock(&self.0).values().filter_map(Weak::upgrade).collect();
        all.iter().fold((0, 0), |(bytes, inodes), inode| {
            let state = lock(&inode.state);
            if state.unlinked {
                (bytes + charged(state.size), inodes + 1)
            } else {
                (bytes, inodes)
            }
        })
    }
}

/// Where the contents of an open file are.
#[derive(Debug)]
pub(crate) enum Place {
    /// In the file that each handle opened.
    Own,
    /// Its layer was frozen while somebody could write: in this copy, open for reading and writing.
    Moved(File),
    /// Its layer was frozen while it was only read: in the file that each handle opened, which never changes again.
    Frozen,
    /// Its layer was frozen, and no copy could be made: it can still be read.
    Lost,
}

/// An open file of the upper layer: its size, by which it is charged.
#[derive(Debug)]
pub(crate) struct Inode {
    account: Arc<Account>,
    registry: Arc<Registry>,
    /// Handles that can write.
    writers: AtomicU64,
    place: RwLock<Place>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    key: Key,
    size: u64,
    unlinked: bool,
}

impl Inode {
    /// Runs a write of `length` bytes. `offset` none means at the end. `write(offset, length)` is
    /// called with what the quota leaves and tells how much it wrote.
    pub(crate) fn write(
        &self,
        offset: Option<u64>,
        length: u64,
        write: impl FnOnce(u64, u64) -> Result<u64>,
    ) -> Result<u64> {
        let mut state = lock(&self.state);
        let offset = offset.unwrap_or(state.size);
        let end = offset.checked_add(length).filter(|end| *end <= crate::MAX_FILE);
        let end = end.ok_or(Error::TooLarge)?;
        if length == 0 || end <= state.size {
            return write(offset, length);
        }
        let paid = self.account.grow(state.size, end);
        if paid <= offset {
            self.settle(&mut state, paid, None);
            return Err(Error::Quota);
        }
        let done = write(offset, paid.min(end) - offset);
        let reached = done.as_ref().ok().filter(|n| **n > 0).map(|n| offset + n);
        self.settle(&mut state, paid, reached);
        done
    }

    /// Gives back what was paid for and not reached.
    fn settle(&self, state: &mut State, paid: u64, reached: Option<u64>) {
        let size = reached.unwrap_or(0).max(state.size);
        self.account.refund(charged(paid).saturating_sub(charged(size)), 0);
        state.size = size;
    }

    /// Runs a change of size.
    pub(crate) fn resize(&self, size: u64, resize: impl FnOnce() -> Result<()>) -> Result<()> {
        if size > crate::MAX_FILE {
            return Err(Error::TooLarge);
        }
        let mut state = lock(&self.state);
        let (before, after) = (charged(state.size), charged(size));
        self.account.charge(after.saturating_sub(before), 0)?;
        if let Err(error) = resize() {
            self.account.refund(after.saturating_sub(before), 0);
            return Err(error);
        }
        self.account.refund(before.saturating_sub(after), 0);
        state.size = size;
        Ok(())
    }

    /// Where its contents are; they stay there as long as the guard lives.
    pub(crate) fn place(&self) -> RwLockReadGuard<'_, Place> {
        self.place.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`Inode::place`], to change it: waits for all reads and writes under way.
    pub(crate) fn place_mut(&self) -> RwLockWriteGuard<'_, Place> {
        self.place.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn has_writers(&self) -> bool {
        self.writers.load(Ordering::SeqCst) > 0
    }

    /// The number by which the disk knows it.
    pub(crate) fn number(&self) -> u64 {
        lock(&self.state).key.1
    }

    /// The last name is gone: the charge ends with the last handle.
    pub(crate) fn unlinked(&self) {
        lock(&self.state).unlinked = true;
    }
}

impl Drop for Inode {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.unlinked {
            self.account.refund(charged(state.size), 1);
        }
        let key = state.key;
        let mut open = lock(&self.registry.0);
        if open.get(&key).is_some_and(|entry| std::ptr::eq(entry.as_ptr(), self)) {
            open.remove(&key);
        }
    }
}

/// A handle that can write, counted.
#[derive(Debug)]
pub(crate) struct Writing(Arc<Inode>);

impl Writing {
    pub(crate) fn new(inode: &Arc<Inode>) -> Self {
        inode.writers.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(inode))
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.writers.fetch_sub(1, Ordering::SeqCst);
    }
}
