//! `sandbar:process` for guests.

use std::sync::Arc;

use sandbar_files::{Handle, OpenOptions};
use wasmtime::component::Resource;
use wasmtime_wasi_io::async_trait;
use wasmtime_wasi_io::poll::{DynPollable, Pollable, subscribe};
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream};

use crate::bindings::wit;
use crate::control::Control;
use crate::descriptor::Descriptor;
use crate::errno::Errno;
use crate::resolve::{Image, absolute};
use crate::signals::{SignalSet, Signals};
use crate::spawn::{Child, Launch, StopWatch, launch};
use crate::state::State;
use crate::status::Signal;
use crate::streams::{Reading, writing};
use crate::terminal::{Tty, Window};

type Answer<T> = wasmtime::Result<Result<T, wit::Errno>>;

impl State {
    /// Puts a host object into the guest's table; a full table is the guest's own limit.
    fn give<T: Send + 'static>(&mut self, object: T) -> Result<Resource<T>, wit::Errno> {
        self.table.push(object).map_err(|_| wit::Errno::Limit)
    }

    fn pair(&mut self) -> Result<(Resource<Descriptor>, Resource<Descriptor>), wit::Errno> {
        let (reader, writer) = self.sandbox.pipe()?;
        Ok((self.give(reader)?, self.give(writer)?))
    }

    fn open_path(&mut self, path: &str, how: wit::OpenFlags) -> Result<Descriptor, Errno> {
        use wit::OpenFlags as F;
        let path = absolute(&self.files.cwd, path);
        if let Some(device) = self.sandbox.device(self.pid, &path) {
            return Ok(device);
        }
        let append = how.contains(F::APPEND);
        let write = how.contains(F::WRITE) && !append;
        let options = OpenOptions {
            read: how.contains(F::READ) || !(append || write),
            write,
            append,
            create: how.contains(F::CREATE) || how.contains(F::EXCLUSIVE),
            exclusive: how.contains(F::EXCLUSIVE),
            truncate: how.contains(F::TRUNCATE),
            ..OpenOptions::default()
        };
        let slot = self.sandbox.files().take()?;
        let tree = self.sandbox.tree();
        match tree.open_at(&tree.root_of(self.pid), &path, &options)? {
            Handle::File(file) => Ok(Descriptor::file_in(file, append, Some(slot))),
            Handle::Directory(_) => Err(Errno::IsDirectory),
            // The very same description: nothing is opened twice.
            Handle::Standard(number) => self.stdio.get(usize::from(number)).cloned().ok_or(Errno::BadDescriptor),
        }
    }

    /// What `ask` finds at the terminal behind a descriptor.
    fn at_terminal<T>(&mut self, descriptor: &Resource<Descriptor>, ask: impl FnOnce(&Tty) -> T) -> Answer<T> {
        let descriptor = self.table.get(descriptor)?;
        Ok(descriptor.terminal().map(|tty| ask(tty)).ok_or(wit::Errno::NotTerminal))
    }

    fn launch(&mut self, arguments: wit::SpawnArguments) -> wasmtime::Result<Result<Child, Errno>> {
        let mut stdio = self.stdio.clone();
        for (number, descriptor) in &arguments.descriptors {
            match stdio.get_mut(*number as usize) {
                Some(place) => *place = self.table.get(descriptor)?.clone(),
                None => return Ok(Err(Errno::BadDescriptor)),
            }
        }
        let ignored = match SignalSet::catchable(&arguments.ignored) {
            Ok(ignored) => ignored.union(self.control.signals().inherited()),
            Err(errno) => return Ok(Err(errno)),
        };
        let image = Image {
            arguments: arguments.arguments,
            environment: arguments.environment,
            directory: arguments.working_directory.unwrap_or_else(|| self.files.cwd.clone()),
        };
        let launched = launch(
            &self.sandbox,
            Launch {
                parent: self.pid,
                program: arguments.program,
                image,
                stdio,
                sigpipe: arguments.sigpipe,
                group: arguments.process_group,
                ignored,
            },
        );
        Ok(launched)
    }

    fn send(&self, pid: i32, signal: u32) -> Result<(), Errno> {
        // 0, all of the own group, and -1, everybody, are not offered.
        if pid == 0 || pid == -1 {
            return Err(Errno::Invalid);
        }
        let table = self.sandbox.table();
        let target = pid.unsigned_abs();
        if signal == 0 {
            let lives = if pid > 0 {
                table.is_live(target)
            } else {
                table.group_is_live(target)
            };
            return if lives { Ok(()) } else { Err(Errno::NoProcess) };
        }
        let signal = Signal::sendable(signal).ok_or(Errno::Invalid)?;
        if pid > 0 {
            table.kill(target, signal)
        } else {
            table.kill_group(target, signal)
        }
    }
}

/// After a signal: a process that has just ended or stopped itself runs no further.
async fn survive(control: &Control) {
    let (ended, stopped) = {
        let signals = control.signals();
        (signals.ended().is_some(), signals.is_stopped())
    };
    if ended {
        std::future::pending::<()>().await;
    }
    if stopped {
        // The task sees at its next turn that it is not to run.
        control.until(|signals| !signals.is_stopped()).await;
    }
}

/// Ready while a signal waits to be taken.
struct SignalWatch(Arc<Control>);

#[async_trait]
impl Pollable for SignalWatch {
    async fn ready(&mut self) {
        self.0.until(Signals::has_pending).await;
    }
}

impl wit::Host for State {
    fn pipe(&mut self) -> Answer<(Resource<Descriptor>, Resource<Descriptor>)> {
        Ok(self.pair())
    }

    fn null(&mut self) -> wasmtime::Result<Resource<Descriptor>> {
        Ok(self.table.push(Descriptor::null())?)
    }

    fn stdio(&mut self, number: u32) -> Answer<Resource<Descriptor>> {
        match self.stdio.get(number as usize).cloned() {
            Some(descriptor) => Ok(self.give(descriptor)),
            None => Ok(Err(wit::Errno::BadDescriptor)),
        }
    }

    fn open(&mut self, path: String, how: wit::OpenFlags) -> Answer<Resource<Descriptor>> {
        match self.open_path(&path, how) {
            Ok(descriptor) => Ok(self.give(descriptor)),
            Err(errno) => Ok(Err(errno.into())),
        }
    }

    fn spawn(&mut self, arguments: wit::SpawnArguments) -> Answer<Resource<Child>> {
        match self.launch(arguments)? {
            Ok(child) => Ok(self.give(child)),
            Err(errno) => Ok(Err(errno.into())),
        }
    }

    async fn kill(&mut self, pid: i32, signal: u32) -> Answer<()> {
        let sent = self.send(pid, signal);
        survive(&self.control).await;
        Ok(sent.map_err(Into::into))
    }

    fn own_pid(&mut self) -> wasmtime::Result<u32> {
        Ok(self.pid)
    }

    fn processes(&mut self) -> wasmtime::Result<Vec<wit::ProcessInfo>> {
        let list = self.sandbox.processes().into_iter();
        Ok(list
            .map(|info| wit::ProcessInfo {
                pid: info.pid,
                parent: info.parent,
                group: info.group,
                name: info.name,
                arguments: info.arguments,
                stopped: info.stopped,
                started: info.started,
                cpu: info.cpu.as_micros() as u64,
                memory: info.memory,
            })
            .collect())
    }

    fn catch(&mut self, signals: Vec<u32>) -> Answer<()> {
        Ok(SignalSet::catchable(&signals)
            .map(|signals| self.control.signals().catch(signals))
            .map_err(Into::into))
    }

    fn ignore(&mut self, signals: Vec<u32>) -> Answer<()> {
        Ok(SignalSet::catchable(&signals)
            .map(|signals| self.control.signals().ignore(signals))
            .map_err(Into::into))
    }

    fn inherited_ignored(&mut self) -> wasmtime::Result<Vec<u32>> {
        Ok(self.control.signals().inherited().numbers())
    }

    fn take_signal(&mut self) -> wasmtime::Result<Option<u32>> {
        let taken = self.control.signals().take();
        Ok(taken.map(|signal| signal.number().into()))
    }

    fn subscribe_signals(&mut self) -> wasmtime::Result<Resource<DynPollable>> {
        // Owned by its pollable: both go together.
        let watch = self.table.push(SignalWatch(Arc::clone(&self.control)))?;
        subscribe(&mut self.table, watch)
    }
}

impl wit::HostDescriptor for State {
    fn dup(&mut self, descriptor: Resource<Descriptor>) -> wasmtime::Result<Resource<Descriptor>> {
        let copy = self.table.get(&descriptor)?.clone();
        Ok(self.table.push(copy)?)
    }

    fn read_stream(&mut self, descriptor: Resource<Descriptor>) -> Answer<Resource<DynInputStream>> {
        let descriptor = self.table.get(&descriptor)?.clone();
        if !descriptor.readable() {
            return Ok(Err(wit::Errno::BadDescriptor));
        }
        let stream: DynInputStream = Box::new(Reading(descriptor));
        Ok(self.give(stream))
    }

    fn write_stream(&mut self, descriptor: Resource<Descriptor>) -> Answer<Resource<DynOutputStream>> {
        let descriptor = self.table.get(&descriptor)?.clone();
        if !descriptor.writable() {
            return Ok(Err(wit::Errno::BadDescriptor));
        }
        let stream: DynOutputStream = Box::new(writing(descriptor, self.sigpipe, self.files.failure.clone()));
        Ok(self.give(stream))
    }

    fn is_terminal(&mut self, descriptor: Resource<Descriptor>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&descriptor)?.is_terminal())
    }

    fn terminal_size(&mut self, descriptor: Resource<Descriptor>) -> Answer<wit::TerminalSize> {
        self.at_terminal(&descriptor, |tty| {
            let Window { columns, rows } = tty.window();
            wit::TerminalSize { columns, rows }
        })
    }

    fn terminal_mode(&mut self, descriptor: Resource<Descriptor>) -> Answer<wit::TerminalMode> {
        self.at_terminal(&descriptor, |tty| tty.mode().into())
    }

    fn set_terminal_mode(&mut self, descriptor: Resource<Descriptor>, mode: wit::TerminalMode) -> Answer<()> {
        self.at_terminal(&descriptor, |tty| tty.set_mode(mode.into()))
    }

    fn foreground(&mut self, descriptor: Resource<Descriptor>) -> Answer<u32> {
        self.at_terminal(&descriptor, |tty| tty.foreground())
    }

    fn set_foreground(&mut self, descriptor: Resource<Descriptor>, group: u32) -> Answer<()> {
        if !self.sandbox.table().group_is_live(group) {
            // A descriptor that is no terminal is told so first.
            return Ok(self.at_terminal(&descriptor, |_| ())?.and(Err(wit::Errno::NoProcess)));
        }
        self.at_terminal(&descriptor, |tty| tty.set_foreground(group))
    }

    fn drop(&mut self, descriptor: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.table.delete(descriptor)?;
        Ok(())
    }
}

impl wit::HostProcess for State {
    fn pid(&mut self, process: Resource<Child>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&process)?.pid())
    }

    async fn wait(&mut self, process: Resource<Child>) -> wasmtime::Result<wit::ExitStatus> {
        let child = self.table.get(&process)?.clone();
        Ok(child.wait().await.into())
    }

    fn try_wait(&mut self, process: Resource<Child>) -> wasmtime::Result<Option<wit::ExitStatus>> {
        Ok(self.table.get(&process)?.try_wait().map(Into::into))
    }

    fn subscribe(&mut self, process: Resource<Child>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(&mut self.table, process)
    }

    async fn kill(&mut self, process: Resource<Child>, signal: u32) -> Answer<()> {
        let child = self.table.get(&process)?.clone();
        // The pid of an ended process may have been given to another one.
        let sent = match child.try_wait() {
            Some(_) => Err(Errno::NoProcess),
            None => self.send(child.pid() as i32, signal),
        };
        survive(&self.control).await;
        Ok(sent.map_err(Into::into))
    }

    fn is_stopped(&mut self, process: Resource<Child>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&process)?.is_stopped())
    }

    fn subscribe_stop(&mut self, process: Resource<Child>) -> wasmtime::Result<Resource<DynPollable>> {
        let watch = StopWatch(self.table.get(&process)?.clone());
        // Owned by its pollable: both go together.
        let watch = self.table.push(watch)?;
        subscribe(&mut self.table, watch)
    }

    fn drop(&mut self, process: Resource<Child>) -> wasmtime::Result<()> {
        self.table.delete(process)?;
        Ok(())
    }
}
