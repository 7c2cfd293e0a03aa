//! What lives in a sandbox between calls: executions, sessions, terminals, interpreters. All of it ends when the sandbox
//! is stopped.

pub mod command;
pub mod execution;
pub mod executions;
pub mod interpreter;
pub mod log;
pub mod named;
pub mod pty;
pub mod session;

use crate::limits::{CONTEXTS, LSP_SERVERS, PTYS, SESSIONS};
use crate::toolbox::lsp_server::LanguageServer;
use executions::Executions;
use interpreter::Context;
use named::Named;
use pty::Pty;
use session::Session;

/// See the module.
#[derive(Debug)]
pub struct Work {
    /// By id.
    pub executions: Executions,
    /// By name.
    pub sessions: Named<Session>,
    /// By id.
    pub ptys: Named<Pty>,
    /// By id.
    pub contexts: Named<Context>,
    /// By language and project.
    pub language_servers: Named<LanguageServer>,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            executions: Executions::default(),
            sessions: Named::new("session", SESSIONS),
            ptys: Named::new("terminal session", PTYS),
            contexts: Named::new("interpreter context", CONTEXTS),
            language_servers: Named::new("language server", LSP_SERVERS),
        }
    }
}

impl Work {
    /// Whether nothing of it needs the sandbox to stay as it is. What has ended does not, and of the rest most is
    /// processes, which are counted elsewhere.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.sessions.list().iter().all(|session| session.is_ended())
            && self.ptys.list().iter().all(|pty| !pty.is_active())
    }
}
