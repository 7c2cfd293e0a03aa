//! Process substitution: a pipe to a list that runs at the same time. A program only gets descriptors 0 to 2, so what it is
//! given by name becomes a file: read to its end before the program starts, or handed on after it has ended.

use std::rc::Rc;

use crate::os::{Errno, Fd, How};
use crate::shell::{Flow, Shell};
use crate::syntax::ast::List;

/// What a process substitution leaves to be done after the command.
#[derive(Clone)]
pub(crate) enum Scratch {
    /// A file to be removed, once it has been handed on to the list that reads it.
    File { path: String, feed: Option<Fd> },
    /// A descriptor to be closed.
    Pipe(u32),
}

/// Attempts to find a free name.
const ATTEMPTS: u32 = 16;

/// Most bytes of a `<(list)` that a program gets: a list without end must not fill the disk.
const MAX_FILE: usize = 64 << 20;

impl Shell {
    /// Starts `<(list)` or `>(list)`; gives the path under which the command finds it.
    pub async fn process_substitution(&mut self, read: bool, list: &Rc<List>) -> Result<String, Flow> {
        self.check_depth().await?;
        let (pipe, number) = (self.os().pipe(), self.high_fd());
        let ((reader, writer), number) = match (pipe, number) {
            (Ok(pipe), Some(number)) => (pipe, number),
            (Err(e), _) => return self.substitution_failed(&e.to_string()).await,
            (_, None) => return self.substitution_failed("no free descriptor").await,
        };
        let (ours, theirs) = if read { (reader, writer) } else { (writer, reader) };
        let mut child = self.fork();
        // Other substitutions' ends would keep their pipes from ever ending.
        for number in self.pipes.keys() {
            child.fds.remove(number);
        }
        child.pipes.clear();
        child.fds.insert(u32::from(read), theirs);
        let list = list.clone();
        let id = crate::jobs::FIRST_TASK_ID + u32::try_from(self.exec.started() % 1_000_000).unwrap_or(0);
        let task = self.exec.spawn(async move { child.run_subshell(&list).await });
        self.last_background = Some(id);
        self.last_substitution = Some((id, task));
        self.fds.insert(number, ours);
        self.pipes.insert(number, read);
        self.scratch.push(Scratch::Pipe(number));
        Ok(format!("/dev/fd/{number}"))
    }

    async fn substitution_failed<T>(&mut self, why: &str) -> Result<T, Flow> {
        self.complain(&format!("process substitution: {why}")).await;
        Err(Flow::Discard(1))
    }

    /// Replaces the names of process substitutions among the arguments of a program by files.
    pub(super) async fn substitution_files(&mut self, args: &[String]) -> Result<Vec<String>, Flow> {
        let mut out = args.to_vec();
        for arg in out.iter_mut().skip(1) {
            let number = arg.strip_prefix("/dev/fd/").and_then(|n| n.parse::<u32>().ok());
            let Some((number, read)) = number.and_then(|n| self.pipes.get(&n).map(|read| (n, *read))) else {
                continue;
            };
            let Some(pipe) = self.fd(number) else { continue };
            let (path, file) = self.scratch_file().await?;
            let exec = self.exec.clone();
            if read {
                let mut total = 0;
                while total < MAX_FILE {
                    match exec.read(&pipe, MAX_FILE).await {
                        Ok(chunk) if !chunk.is_empty() => {
                            total += chunk.len();
                            if let Err(e) = exec.write(&file, &chunk).await {
                                self.complain(&format!("process substitution: {path}: {e}")).await;
                                break;
                            }
                        }
                        _ => break,
                    }
                }
            }
            self.scratch.push(Scratch::File {
                path: path.clone(),
                feed: (!read).then_some(pipe),
            });
            *arg = path;
        }
        Ok(out)
    }

    /// A new file under a name that nobody else has.
    async fn scratch_file(&mut self) -> Result<(String, Fd), Flow> {
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
            let path = self.absolute(&format!("{directory}/sh-{}-{a:04x}{b:04x}", self.os().own_pid()));
            match self.os().open(&path, how) {
                Ok(fd) => return Ok((path, fd)),
                Err(e) => last = e,
            }
        }
        self.substitution_failed(&format!("{directory}: {last}")).await
    }

    /// After a command: what it wrote into a file is handed on, the files go, the pipes are closed.
    pub(super) async fn finish_substitutions(&mut self) {
        // Files first: they may still be needed by the pipes.
        let (files, pipes): (Vec<_>, Vec<_>) = std::mem::take(&mut self.scratch)
            .into_iter()
            .partition(|s| matches!(s, Scratch::File { .. }));
        for scratch in files.into_iter().chain(pipes) {
            match scratch {
                Scratch::Pipe(number) => {
                    self.fds.remove(&number);
                    self.pipes.remove(&number);
                }
                Scratch::File { path, feed } => {
                    if let Some(pipe) = feed {
                        self.hand_on(&path, &pipe).await;
                    }
                    // Left behind, it would only waste a little of the user's own quota.
                    let _ = std::fs::remove_file(&path);
                }
            }
        }
    }

    async fn hand_on(&mut self, path: &str, pipe: &Fd) {
        let how = How {
            read: true,
            ..How::default()
        };
        let Ok(file) = self.os().open(path, how) else {
            return;
        };
        let exec = self.exec.clone();
        while let Ok(chunk) = exec.read(&file, 65_536).await {
            if chunk.is_empty() || exec.write(pipe, &chunk).await.is_err() {
                return;
            }
        }
    }
}
