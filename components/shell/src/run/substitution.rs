//! Process substitution. What the shell itself opens is a pipe to a list that runs at the same time. A program gets a file,
//! since only descriptors 0 to 2 reach it: `<(list)` is written before it starts, `>(list)` is read after it has ended.

use std::rc::Rc;

use crate::os::{Errno, Fd, How};
use crate::shell::{Flow, Shell};
use crate::syntax::ast::List;
use crate::task::Handle;

/// What a process substitution leaves to be done after the command.
#[derive(Clone)]
pub(crate) enum Scratch {
    /// A file to be removed, once the list (if any) has read it.
    File { path: String, reader: Option<Rc<List>> },
    /// A descriptor to be closed.
    Pipe(u32),
}

/// Attempts to find a free name.
const ATTEMPTS: u32 = 16;

impl Shell {
    /// Starts `<(list)` or `>(list)`; gives the path under which the command finds it.
    pub async fn process_substitution(&mut self, read: bool, list: &Rc<List>) -> Result<String, Flow> {
        self.check_depth().await?;
        if self.substitute_by_file {
            return self.substitution_file(read, list).await;
        }
        let (pipe, number) = (self.os().pipe(), self.high_fd());
        let ((reader, writer), number) = match (pipe, number) {
            (Ok(pipe), Some(number)) => (pipe, number),
            (Err(e), _) => return self.substitution_failed(&e.to_string()).await,
            (_, None) => return self.substitution_failed("no free descriptor").await,
        };
        let (ours, theirs) = if read { (reader, writer) } else { (writer, reader) };
        self.last_substitution = Some(self.start_list(list, if read { 1 } else { 0 }, theirs));
        self.fds.insert(number, ours);
        self.scratch.push(Scratch::Pipe(number));
        Ok(format!("/dev/fd/{number}"))
    }

    async fn substitution_failed<T>(&mut self, why: &str) -> Result<T, Flow> {
        self.complain(&format!("process substitution: {why}")).await;
        Err(Flow::Discard(1))
    }

    fn start_list(&self, list: &Rc<List>, number: u32, fd: Fd) -> Handle<i32> {
        let mut child = self.fork();
        // Its siblings' ends would keep their pipes from ever ending.
        for scratch in &self.scratch {
            if let Scratch::Pipe(number) = scratch {
                child.fds.remove(number);
            }
        }
        child.fds.insert(number, fd);
        let list = list.clone();
        self.exec.spawn(async move { child.run_subshell(&list).await })
    }

    async fn substitution_file(&mut self, read: bool, list: &Rc<List>) -> Result<String, Flow> {
        let directory = self.vars.scalar("TMPDIR").unwrap_or("/tmp").to_owned();
        let how = How {
            read: true,
            write: true,
            create: true,
            exclusive: true,
            ..How::default()
        };
        let mut last = Errno::Exists;
        for _ in 0..ATTEMPTS {
            let (a, b) = (self.next_random(), self.next_random());
            let path = format!("{directory}/sh-{}-{a:04x}{b:04x}", self.os().own_pid());
            match self.os().open(&self.absolute(&path), how) {
                Ok(fd) => {
                    self.scratch.push(Scratch::File {
                        path: self.absolute(&path),
                        reader: (!read).then(|| list.clone()),
                    });
                    if read {
                        self.start_list(list, 1, fd).join().await;
                    }
                    return Ok(path);
                }
                Err(e) => last = e,
            }
        }
        self.substitution_failed(&format!("{directory}: {last}")).await
    }

    /// After a command: what it wrote into `>(list)` is read now, the files go, the pipes are closed.
    pub(super) async fn finish_substitutions(&mut self) {
        for scratch in std::mem::take(&mut self.scratch) {
            let (path, reader) = match scratch {
                Scratch::Pipe(number) => {
                    self.fds.remove(&number);
                    continue;
                }
                Scratch::File { path, reader } => (path, reader),
            };
            if let Some(list) = reader {
                let how = How {
                    read: true,
                    ..How::default()
                };
                if let Ok(fd) = self.os().open(&path, how) {
                    self.start_list(&list, 0, fd).join().await;
                }
            }
            // Left behind, it would only waste a little of the user's own quota.
            let _ = std::fs::remove_file(&path);
        }
    }
}
