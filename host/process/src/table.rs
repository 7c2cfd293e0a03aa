//! The live processes of a sandbox: parents, groups, and who dies with whom. Pure bookkeeping, behind one lock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

use crate::errno::Errno;
use crate::status::Signal;

/// Parent of the processes that the host starts.
pub(crate) const HOST: u32 = 0;
/// The first pid: 1 is nobody, as in a container whose init is elsewhere.
const FIRST_PID: u32 = 2;

/// One live process, as listings show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessInfo {
    /// Its pid, 2 and up.
    pub pid: u32,
    /// Its parent's, 0 for the host.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
    /// Last component of its first argument, at most 64 bytes.
    pub name: String,
}

/// Tells a process's task to end it. The first signal counts.
#[derive(Debug, Default)]
pub(crate) struct KillSwitch {
    signal: AtomicU8,
    thrown: Notify,
}

impl KillSwitch {
    fn throw(&self, signal: Signal) {
        let first = self
            .signal
            .compare_exchange(0, signal.number(), Ordering::AcqRel, Ordering::Acquire);
        if first.is_ok() {
            // One task waits; the permit is kept if it does not wait yet.
            self.thrown.notify_one();
        }
    }

    /// The signal that was thrown, if any.
    pub(crate) fn signal(&self) -> Option<Signal> {
        Signal::sendable(self.signal.load(Ordering::Acquire).into())
    }

    /// Waits until the switch is thrown.
    pub(crate) async fn thrown(&self) -> Signal {
        loop {
            if let Some(signal) = self.signal() {
                return signal;
            }
            self.thrown.notified().await;
        }
    }
}

#[derive(Debug)]
struct Entry {
    parent: u32,
    /// The process, started by the host, from which this one descends.
    root: u32,
    group: u32,
    name: String,
    switch: Arc<KillSwitch>,
}

/// The table.
#[derive(Debug)]
pub(crate) struct Table {
    limit: usize,
    next: u32,
    started: u64,
    live: BTreeMap<u32, Entry>,
    /// Set once, when the sandbox is stopped for good.
    closed: bool,
}

impl Table {
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            limit: limit as usize,
            next: FIRST_PID,
            started: 0,
            live: BTreeMap::new(),
            closed: false,
        }
    }

    /// Adds a process. `group`: none for the parent's, 0 for one of its own.
    pub(crate) fn add(
        &mut self,
        parent: u32,
        group: Option<u32>,
        name: String,
    ) -> Result<(u32, Arc<KillSwitch>), Errno> {
        if self.closed || self.live.len() >= self.limit {
            return Err(Errno::Limit);
        }
        let (root, inherited) = match (parent, self.live.get(&parent)) {
            (HOST, _) => (None, None),
            // A dying parent starts nothing more, else a kill could be outrun.
            (_, Some(entry)) if entry.switch.signal().is_none() => (Some(entry.root), Some(entry.group)),
            _ => return Err(Errno::NoProcess),
        };
        if group.is_some_and(|group| group == 1 || group >= self.next) {
            return Err(Errno::NoProcess);
        }
        let pid = self.free_pid();
        let group = match group {
            Some(0) => pid,
            Some(group) => group,
            None => inherited.unwrap_or(pid),
        };
        let switch = Arc::new(KillSwitch::default());
        let entry = Entry {
            parent,
            root: root.unwrap_or(pid),
            group,
            name,
            switch: Arc::clone(&switch),
        };
        self.live.insert(pid, entry);
        self.started += 1;
        Ok((pid, switch))
    }

    fn free_pid(&mut self) -> u32 {
        // Terminates: far fewer processes live than there are pids.
        loop {
            let pid = self.next;
            // Pids are signed in `kill`.
            self.next = if pid >= i32::MAX as u32 { FIRST_PID } else { pid + 1 };
            if !self.live.contains_key(&pid) {
                return pid;
            }
        }
    }

    /// Removes an ended process. What a root leaves running is killed; other orphans go to the grandparent.
    pub(crate) fn remove(&mut self, pid: u32) {
        let Some(ended) = self.live.remove(&pid) else { return };
        let is_root = ended.root == pid;
        for entry in self.live.values_mut() {
            if is_root && entry.root == pid {
                entry.switch.throw(Signal::KILL);
            }
            if entry.parent == pid {
                entry.parent = ended.parent;
            }
        }
    }

    /// Whether anything of the tree under the host-started process `root` is alive.
    pub(crate) fn tree_lives(&self, root: u32) -> bool {
        self.live.values().any(|entry| entry.root == root)
    }

    /// Kills a process and its descendants.
    pub(crate) fn kill(&self, pid: u32, signal: Signal) -> Result<(), Errno> {
        if !self.live.contains_key(&pid) {
            return Err(Errno::NoProcess);
        }
        self.kill_family(pid, signal);
        Ok(())
    }

    /// Kills all processes of a group, and their descendants.
    pub(crate) fn kill_group(&self, group: u32, signal: Signal) -> Result<(), Errno> {
        let members: Vec<u32> = self
            .live
            .iter()
            .filter(|(_, entry)| entry.group == group)
            .map(|(pid, _)| *pid)
            .collect();
        for pid in &members {
            self.kill_family(*pid, signal);
        }
        if members.is_empty() {
            Err(Errno::NoProcess)
        } else {
            Ok(())
        }
    }

    /// Kills every process of the tree under `root`.
    pub(crate) fn kill_tree(&self, root: u32, signal: Signal) {
        for entry in self.live.values().filter(|entry| entry.root == root) {
            entry.switch.throw(signal);
        }
    }

    pub(crate) fn kill_all(&self, signal: Signal) {
        for entry in self.live.values() {
            entry.switch.throw(signal);
        }
    }

    /// Refuses every further process.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    pub(crate) fn is_live(&self, pid: u32) -> bool {
        self.live.contains_key(&pid)
    }

    pub(crate) fn group_is_live(&self, group: u32) -> bool {
        self.live.values().any(|entry| entry.group == group)
    }

    /// Whether this process is about to end by a signal.
    pub(crate) fn is_doomed(&self, pid: u32) -> bool {
        self.live.get(&pid).is_none_or(|entry| entry.switch.signal().is_some())
    }

    pub(crate) fn len(&self) -> usize {
        self.live.len()
    }

    /// Processes started so far.
    pub(crate) fn started(&self) -> u64 {
        self.started
    }

    pub(crate) fn list(&self) -> Vec<ProcessInfo> {
        let info = |(pid, entry): (&u32, &Entry)| ProcessInfo {
            pid: *pid,
            parent: entry.parent,
            group: entry.group,
            name: entry.name.clone(),
        };
        self.live.iter().map(info).collect()
    }

    fn kill_family(&self, pid: u32, signal: Signal) {
        // Few processes: walking all for each generation is cheaper than keeping lists of children.
        let mut family = vec![pid];
        let mut next = 0;
        while let Some(parent) = family.get(next).copied() {
            next += 1;
            let children = self
                .live
                .iter()
                .filter(|(child, entry)| entry.parent == parent && !family.contains(child));
            let children: Vec<u32> = children.map(|(child, _)| *child).collect();
            family.extend(children);
        }
        for member in family {
            if let Some(entry) = self.live.get(&member) {
                entry.switch.throw(signal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table::new(10)
    }

    fn add(table: &mut Table, parent: u32) -> u32 {
        table.add(parent, None, "x".into()).expect("room").0
    }

    #[test]
    fn a_kill_takes_descendants_and_nobody_else() {
        let mut t = table();
        let root = add(&mut t, HOST);
        let child = add(&mut t, root);
        let grandchild = add(&mut t, child);
        let sibling = add(&mut t, root);
        t.kill(child, Signal::TERM).unwrap();
        let doomed = [root, child, grandchild, sibling].map(|pid| t.is_doomed(pid));
        assert_eq!(doomed, [false, true, true, false]);
        assert_eq!(t.add(grandchild, None, "y".into()).unwrap_err(), Errno::NoProcess);
    }

    #[test]
    fn orphans_are_adopted_and_die_with_the_ancestor() {
        let mut t = table();
        let root = add(&mut t, HOST);
        let child = add(&mut t, root);
        let grandchild = add(&mut t, child);
        t.remove(child);
        assert!(!t.is_doomed(grandchild));
        assert_eq!(t.list().last().unwrap().parent, root);
        t.remove(root);
        assert!(t.is_doomed(grandchild));
        assert!(t.tree_lives(root));
        t.remove(grandchild);
        assert!(!t.tree_lives(root));
    }

    #[test]
    fn roots_do_not_touch_each_other() {
        let mut t = table();
        let (one, two) = (add(&mut t, HOST), add(&mut t, HOST));
        let child = add(&mut t, two);
        t.remove(one);
        assert!(!t.is_doomed(child));
    }

    #[test]
    fn groups() {
        let mut t = table();
        let root = add(&mut t, HOST);
        let leader = t.add(root, Some(0), "a".into()).unwrap().0;
        let member = t.add(root, Some(leader), "b".into()).unwrap().0;
        t.remove(leader);
        let late = t.add(root, Some(leader), "c".into()).unwrap().0;
        t.kill_group(leader, Signal::INT).unwrap();
        assert_eq!([root, member, late].map(|pid| t.is_doomed(pid)), [false, true, true]);
        assert_eq!(t.kill_group(77, Signal::INT), Err(Errno::NoProcess));
        assert_eq!(t.add(root, Some(77), "d".into()).unwrap_err(), Errno::NoProcess);
    }

    #[test]
    fn the_number_of_processes_is_limited() {
        let mut t = Table::new(2);
        let one = add(&mut t, HOST);
        add(&mut t, one);
        assert_eq!(t.add(one, None, "x".into()).unwrap_err(), Errno::Limit);
        t.remove(one);
        add(&mut t, HOST);
    }

    #[tokio::test]
    async fn the_first_signal_counts() {
        let switch = KillSwitch::default();
        switch.throw(Signal::TERM);
        switch.throw(Signal::KILL);
        assert_eq!(switch.thrown().await, Signal::TERM);
        assert_eq!(switch.thrown().await, Signal::TERM);
    }
}
