//! `sandbar:process` for guests.

use sandbar_files::OpenOptions;
use wasmtime::component::Resource;
use wasmtime_wasi_io::poll::{DynPollable, subscribe};
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream};

use crate::bindings::wit;
use crate::descriptor::Descriptor;
use crate::errno::Errno;
use crate::resolve::{Image, absolute};
use crate::sandbox::Sandbox;
use crate::spawn::{Child, Launch, launch};
use crate::state::State;
use crate::status::Signal;
use crate::streams::{Reading, Writing};

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
        let file = self
            .sandbox
            .tree()
            .open_file(&absolute(&self.files.cwd, path), &options)?;
        Ok(Descriptor::file_in(file, append, Some(slot)))
    }

    fn launch(&mut self, arguments: wit::SpawnArguments) -> wasmtime::Result<Result<Child, Errno>> {
        let mut stdio = self.stdio.clone();
        for (number, descriptor) in &arguments.descriptors {
            match stdio.get_mut(*number as usize) {
                Some(place) => *place = self.table.get(descriptor)?.clone(),
                None => return Ok(Err(Errno::BadDescriptor)),
            }
        }
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

/// After a kill: a process that has just killed itself runs no further.
async fn survive(sandbox: &Sandbox, pid: u32) {
    let doomed = sandbox.table().is_doomed(pid);
    if doomed {
        std::future::pending::<()>().await;
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
        survive(&self.sandbox, self.pid).await;
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
            })
            .collect())
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
        let stream: DynOutputStream = Box::new(Writing::new(descriptor, self.sigpipe));
        Ok(self.give(stream))
    }

    fn is_terminal(&mut self, descriptor: Resource<Descriptor>) -> wasmtime::Result<bool> {
        self.table.get(&descriptor)?;
        // No kind of descriptor is a terminal yet.
        Ok(false)
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
        survive(&self.sandbox, self.pid).await;
        Ok(sent.map_err(Into::into))
    }

    fn drop(&mut self, process: Resource<Child>) -> wasmtime::Result<()> {
        self.table.delete(process)?;
        Ok(())
    }
}
