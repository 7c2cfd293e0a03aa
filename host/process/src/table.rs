//! The live processes of a sandbox: parents, groups, sessions, and who gets which signal. Pure bookkeeping, behind one
//! lock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sandbar_files::Process;

use crate::control::Control;
use crate::errno::Errno;
use crate::limits::{HOST_RESERVE, MAX_SHOWN_ARGUMENTS, MAX_SHOWN_ENVIRONMENT};
use crate::resolve::Image;
use crate::signals::Delivered;
use crate::status::Signal;

/// Parent of the processes that the host starts.
pub(crate) const HOST: u32 = 0;
/// Parent of those whose own has ended, as init is on Linux.
const ORPHANAGE: u32 = 1;
/// The first pid: 1 is nobody, as in a container whose init is elsewhere.
const FIRST_PID: u32 = 2;

/// One live process, as listings show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessInfo {
    /// Its pid, 2 and up.
    pub pid: u32,
    /// Its parent's: 0 for the host, 1 once the parent has ended.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
    /// The process, started by the host, from which it descends.
    pub session: u32,
    /// Last component of its first argument, at most 64 bytes.
    pub name: String,
    /// argv, cut at 4 KiB.
    pub arguments: Vec<String>,
    /// Whether it is stopped and not yet continued.
    pub stopped: bool,
    /// Milliseconds since the Unix epoch.
    pub started: u64,
    /// CPU time so far.
    pub cpu: Duration,
    /// Bytes of linear memory.
    pub memory: u64,
}

/// A process about to be started.
pub(crate) struct Newcomer {
    pub(crate) parent: u32,
    /// None: the parent's. 0: one of its own.
    pub(crate) group: Option<u32>,
    pub(crate) name: String,
    pub(crate) image: Image,
    /// Where its program lies.
    pub(crate) program: String,
    /// What its standard descriptors are.
    pub(crate) descriptors: [String; 3],
    pub(crate) control: Arc<Control>,
}

#[derive(Debug)]
struct Entry {
    parent: u32,
    session: u32,
    group: u32,
    name: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    directory: String,
    program: String,
    descriptors: [String; 3],
    started: u64,
    control: Arc<Control>,
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

    /// Adds a process.
    pub(crate) fn add(&mut self, newcomer: Newcomer) -> Result<u32, Errno> {
        // The host can still start something in a sandbox that its processes have filled: a shell that ends them.
        let reserve = if newcomer.parent == HOST { HOST_RESERVE } else { 0 };
        if self.closed || self.live.len() >= self.limit + reserve {
            return Err(Errno::Limit);
        }
        let (session, inherited) = match (newcomer.parent, self.live.get(&newcomer.parent)) {
            (HOST, _) => (None, None),
            // A dying parent starts nothing more, else a kill could be outrun.
            (_, Some(entry)) if entry.control.ended().is_none() => (Some(entry.session), Some(entry.group)),
            _ => return Err(Errno::NoProcess),
        };
        if newcomer.group.is_some_and(|group| group == 1 || group >= self.next) {
            return Err(Errno::NoProcess);
        }
        let pid = self.free_pid();
        let group = match newcomer.group {
            Some(0) => pid,
            Some(group) => group,
            None => inherited.unwrap_or(pid),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let entry = Entry {
            parent: newcomer.parent,
            session: session.unwrap_or(pid),
            group,
            name: newcomer.name,
            arguments: cut(newcomer.image.arguments),
            environment: kept(newcomer.image.environment),
            directory: newcomer.image.directory,
            program: newcomer.program,
            descriptors: newcomer.descriptors,
            started: now.as_millis() as u64,
            control: newcomer.control,
        };
        self.live.insert(pid, entry);
        self.started += 1;
        Ok(pid)
    }

    fn free_pid(&mut self) -> u32 {
        // Terminates: far fewer processes live than there are pids.
        loop {
            let pid = self.next;
            // Pids are signed in `kill`.
            self.next = if pid >= i32::MAX as u32 { FIRST_PID } else { pid + 1 };
            // Nor the id of a group or session that lives on without its first process.
            let taken = |(other, entry): (&u32, &Entry)| *other == pid || entry.group == pid || entry.session == pid;
            if !self.live.iter().any(taken) {
                return pid;
            }
        }
    }

    /// Removes an ended process. Its children go on. `publish` is called in between: whoever finds the status finds its place
    /// free, and a parent that is told by SIGCHLD finds the status.
    pub(crate) fn remove(&mut self, pid: u32, publish: impl FnOnce()) {
        let ended = self.live.remove(&pid);
        publish();
        let Some(ended) = ended else { return };
        for entry in self.live.values_mut() {
            if entry.parent == pid {
                entry.parent = ORPHANAGE;
            }
        }
        self.tell_parent(ended.parent);
    }

    fn tell_parent(&self, parent: u32) {
        if let Some(entry) = self.live.get(&parent)
            && entry.control.deliver(Signal::CHLD) != Delivered::Nothing
        {
            entry.control.announce();
        }
    }

    /// Whether anything of the session that the host started as `session` is alive.
    pub(crate) fn session_lives(&self, session: u32) -> bool {
        self.live.values().any(|entry| entry.session == session)
    }

    /// Signals one process.
    pub(crate) fn kill(&self, pid: u32, signal: Signal) -> Result<(), Errno> {
        if self.kill_where(|other, _| other == pid, signal) {
            Ok(())
        } else {
            Err(Errno::NoProcess)
        }
    }

    /// Signals all processes of a group.
    pub(crate) fn kill_group(&self, group: u32, signal: Signal) -> Result<(), Errno> {
        if self.kill_where(|_, entry| entry.group == group, signal) {
            Ok(())
        } else {
            Err(Errno::NoProcess)
        }
    }

    /// Signals every process of a session, whatever became of its parents; false if there is none.
    pub(crate) fn kill_session(&self, session: u32, signal: Signal) -> bool {
        self.kill_where(|_, entry| entry.session == session, signal)
    }

    pub(crate) fn kill_all(&self, signal: Signal) {
        self.kill_where(|_, _| true, signal);
    }

    /// Every process has the signal before the first of them is woken: else `cat` in `sleep 100 | cat` could see
    /// its input end, and leave as if nothing had happened, before the signal that ended `sleep` reached it too.
    fn kill_where(&self, chosen: impl Fn(u32, &Entry) -> bool, signal: Signal) -> bool {
        let mut any = false;
        let mut changed = Vec::new();
        for (pid, entry) in &self.live {
            if chosen(*pid, entry) {
                any = true;
                match entry.control.deliver(signal) {
                    Delivered::Nothing => {}
                    delivered => changed.push((entry, delivered)),
                }
            }
        }
        for (entry, delivered) in changed {
            entry.control.announce();
            if matches!(delivered, Delivered::Stopped | Delivered::Continued) {
                self.tell_parent(entry.parent);
            }
        }
        any
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

    pub(crate) fn session_of(&self, pid: u32) -> Option<u32> {
        self.live.get(&pid).map(|entry| entry.session)
    }

    pub(crate) fn len(&self) -> usize {
        self.live.len()
    }

    /// Processes started so far.
    pub(crate) fn started(&self) -> u64 {
        self.started
    }

    pub(crate) fn pids(&self) -> Vec<u32> {
        self.live.keys().copied().collect()
    }

    /// What `/proc` shows of one of them.
    pub(crate) fn shown(&self, pid: u32) -> Option<Process> {
        let entry = self.live.get(&pid)?;
        Some(Process {
            pid,
            parent: entry.parent,
            group: entry.group,
            session: entry.session,
            name: entry.name.clone(),
            arguments: entry.arguments.clone(),
            environment: entry.environment.clone(),
            program: entry.program.clone(),
            directory: entry.directory.clone(),
            stopped: entry.control.signals().is_stopped(),
            started: entry.started,
            cpu: entry.control.cpu(),
            memory: entry.control.memory(),
            descriptors: entry.descriptors.clone(),
        })
    }

    pub(crate) fn list(&self) -> Vec<ProcessInfo> {
        let info = |(pid, entry): (&u32, &Entry)| ProcessInfo {
            pid: *pid,
            parent: entry.parent,
            group: entry.group,
            session: entry.session,
            name: entry.name.clone(),
            arguments: entry.arguments.clone(),
            stopped: entry.control.signals().is_stopped(),
            started: entry.started,
            cpu: entry.control.cpu(),
            memory: entry.control.memory(),
        };
        self.live.iter().map(info).collect()
    }
}

/// The first variables, as far as they are shown.
fn kept(mut environment: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut room = MAX_SHOWN_ENVIRONMENT;
    let fits = environment.iter().take_while(|(name, value)| {
        let bytes = name.len() + value.len() + 2;
        room.checked_sub(bytes).inspect(|left| room = *left).is_some()
    });
    let count = fits.count();
    environment.truncate(count);
    environment
}

/// The first arguments, as far as listings show them.
fn cut(arguments: Vec<String>) -> Vec<String> {
    let mut room = MAX_SHOWN_ARGUMENTS;
    let mut shown = Vec::new();
    for mut argument in arguments {
        if argument.len() > room {
            let mut end = room;
            while !argument.is_char_boundary(end) {
                end -= 1;
            }
            argument.truncate(end);
            argument.shrink_to_fit();
            shown.push(argument);
            break;
        }
        // Empty ones take room too.
        room = room.saturating_sub(argument.len().max(1));
        shown.push(argument);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::SignalSet;

    fn table() -> Table {
        Table::new(10)
    }

    fn newcomer(parent: u32, group: Option<u32>) -> Newcomer {
        Newcomer {
            parent,
            group,
            name: "x".into(),
            image: Image {
                arguments: vec!["x".into()],
                environment: vec![("A".into(), "b".into())],
                directory: "/".into(),
            },
            program: "/bin/x".into(),
            descriptors: ["/dev/null"; 3].map(Into::into),
            control: Arc::new(Control::new(SignalSet::default(), Arc::default())),
        }
    }

    fn add(table: &mut Table, parent: u32) -> u32 {
        table.add(newcomer(parent, None)).expect("room")
    }

    fn doomed<const N: usize>(table: &Table, pids: [u32; N]) -> [bool; N] {
        pids.map(|pid| table.live.get(&pid).is_none_or(|entry| entry.control.ended().is_some()))
    }

    #[test]
    fn a_kill_ends_one_process_and_it_starts_nothing_more() {
        let mut t = table();
        let root = add(&mut t, HOST);
        let child = add(&mut t, root);
        let grandchild = add(&mut t, child);
        t.kill(child, Signal::TERM).unwrap();
        assert_eq!(doomed(&t, [root, child, grandchild]), [false, true, false]);
        assert_eq!(t.add(newcomer(child, None)).unwrap_err(), Errno::NoProcess);
    }

    #[test]
    fn orphans_live_on_and_belong_to_their_session() {
        let mut t = table();
        let root = add(&mut t, HOST);
        let child = add(&mut t, root);
        t.remove(root, || {});
        assert_eq!(doomed(&t, [child]), [false]);
        assert_eq!((t.list()[0].parent, t.list()[0].session), (ORPHANAGE, root));
        assert!(t.session_lives(root));
        assert!(t.kill_session(root, Signal::KILL));
        assert_eq!(doomed(&t, [child]), [true]);
        t.remove(child, || {});
        assert!(!t.session_lives(root) && !t.kill_session(root, Signal::KILL));
    }

    #[test]
    fn sessions_do_not_touch_each_other() {
        let mut t = table();
        let (one, two) = (add(&mut t, HOST), add(&mut t, HOST));
        let child = add(&mut t, two);
        t.kill_session(one, Signal::KILL);
        assert_eq!(doomed(&t, [one, two, child]), [true, false, false]);
    }

    #[test]
    fn groups() {
        let mut t = table();
        let root = add(&mut t, HOST);
        let leader = t.add(newcomer(root, Some(0))).unwrap();
        let member = t.add(newcomer(root, Some(leader))).unwrap();
        t.remove(leader, || {});
        let late = t.add(newcomer(root, Some(leader))).unwrap();
        t.kill_group(leader, Signal::INT).unwrap();
        assert_eq!(doomed(&t, [root, member, late]), [false, true, true]);
        assert_eq!(t.kill_group(77, Signal::INT), Err(Errno::NoProcess));
        assert_eq!(t.add(newcomer(root, Some(77))).unwrap_err(), Errno::NoProcess);
    }

    #[test]
    fn ids_of_living_groups_are_not_given_again() {
        let mut t = table();
        let root = add(&mut t, HOST);
        let leader = t.add(newcomer(root, Some(0))).unwrap();
        t.add(newcomer(root, Some(leader))).unwrap();
        t.remove(leader, || {});
        t.next = leader;
        assert_ne!(add(&mut t, HOST), leader);
    }

    #[test]
    fn parents_who_care_hear_of_ends_and_stops() {
        let mut t = table();
        let parent = newcomer(HOST, None);
        let control = Arc::clone(&parent.control);
        control.signals().catch(SignalSet::catchable(&[17]).unwrap());
        let parent = t.add(parent).unwrap();
        let child = add(&mut t, parent);
        for step in [Signal::STOP, Signal::CONT] {
            t.kill(child, step).unwrap();
            assert_eq!(control.signals().take(), Some(Signal::CHLD), "{step:?}");
        }
        t.kill(child, Signal::CONT).unwrap();
        assert_eq!(control.signals().take(), None, "nothing changed");
        t.remove(child, || {});
        assert_eq!(control.signals().take(), Some(Signal::CHLD));
    }

    #[test]
    fn the_number_of_processes_is_limited() {
        let mut t = Table::new(2);
        let one = add(&mut t, HOST);
        add(&mut t, one);
        assert_eq!(t.add(newcomer(one, None)).unwrap_err(), Errno::Limit);
        for _ in 0..HOST_RESERVE {
            add(&mut t, HOST);
        }
        assert_eq!(t.add(newcomer(HOST, None)).unwrap_err(), Errno::Limit);
        assert_eq!(t.add(newcomer(one, None)).unwrap_err(), Errno::Limit);
        t.remove(one, || {});
        add(&mut t, HOST);
    }

    #[test]
    fn listings_cut_long_arguments() {
        let shown = cut(vec!["a".into(), "ä".repeat(4000), "c".into()]);
        assert_eq!(shown.len(), 2);
        let bytes: usize = shown.iter().map(String::len).sum();
        assert!(
            (MAX_SHOWN_ARGUMENTS - 2..=MAX_SHOWN_ARGUMENTS).contains(&bytes),
            "{bytes}"
        );
    }
}
