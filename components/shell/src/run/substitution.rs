//! Process substitution: only descriptors 0 to 2 reach a child, so it goes through a file.

use std::rc::Rc;

use crate::os::{Errno, How};
use crate::shell::{Flow, Shell};
use crate::syntax::ast::List;

/// A file to be removed after the command, once the list (if any) has read it.
#[derive(Clone)]
pub(crate) struct Scratch {
    path: String,
    reader: Option<Rc<List>>,
}

/// Attempts to find a free name.
const ATTEMPTS: u32 = 16;

impl Shell {
    /// Runs `<(list)` into a file, or prepares the file that `>(list)` will read; gives its path.
    pub async fn process_substitution(&mut self, read: bool, list: &Rc<List>) -> Result<String, Flow> {
        self.check_depth().await?;
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
                    self.scratch.push(Scratch {
                        path: self.absolute(&path),
                        reader: (!read).then(|| list.clone()),
                    });
                    if read {
                        let mut child = self.fork();
                        child.fds.insert(1, fd);
                        let list = list.clone();
                        let task = self.exec.spawn(async move { child.run_subshell(&list).await });
                        task.join().await;
                    }
                    return Ok(path);
                }
                Err(e) => last = e,
            }
        }
        self.complain(&format!("process substitution: {directory}: {last}"))
            .await;
        Err(Flow::Discard(1))
    }

    /// After a command: what it wrote into `>(list)` is read now, and the files go.
    pub(super) async fn finish_substitutions(&mut self) {
        for scratch in std::mem::take(&mut self.scratch) {
            if let Some(list) = scratch.reader {
                let how = How {
                    read: true,
                    ..How::default()
                };
                if let Ok(fd) = self.os().open(&scratch.path, how) {
                    let mut child = self.fork();
                    child.fds.insert(0, fd);
                    let task = self.exec.spawn(async move { child.run_subshell(&list).await });
                    task.join().await;
                }
            }
            // Left behind, it would only waste a little of the user's own quota.
            let _ = std::fs::remove_file(&scratch.path);
        }
    }
}
