//! A language server: a process inside the sandbox that is asked over its standard streams. It ends when nobody has asked
//! for a while; the next question starts it anew and tells it of the documents that are open.

use super::lsp_frames::{Decoder, encode};
use super::process::refusal;
use crate::error::{ApiError, Code};
use crate::limits::{LSP_ANSWER, LSP_DOCUMENTS, LSP_IDLE, LSP_MESSAGE_BYTES, LSP_QUESTIONS};
use http::StatusCode;
use sandbar_process::{Child, Descriptor, Sandbox, Signal, Spawn};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::oneshot;

/// Bytes read at once.
const PIECE: usize = 64 << 10;

/// See the module.
#[derive(Debug)]
pub struct LanguageServer {
    /// The command that starts it.
    arguments: Vec<String>,
    /// What documents are told to be.
    language: &'static str,
    /// The project's directory, absolute.
    project: String,
    environment: Vec<(String, String)>,
    /// Held while it is started or written to, so that messages do not mix.
    running: tokio::sync::Mutex<Option<Arc<Running>>>,
    documents: Mutex<BTreeMap<String, String>>,
}

/// One life of it.
#[derive(Debug)]
struct Running {
    child: Child,
    requests: Descriptor,
    /// Who waits for which answer.
    waiting: Mutex<HashMap<u64, oneshot::Sender<Value>>>,
    next: AtomicU64,
    used: Mutex<Instant>,
}

impl LanguageServer {
    /// One that starts with the first question.
    #[must_use]
    pub fn new(
        arguments: Vec<String>,
        language: &'static str,
        project: String,
        environment: Vec<(String, String)>,
    ) -> Arc<Self> {
        Arc::new(Self {
            arguments,
            language,
            project,
            environment,
            running: tokio::sync::Mutex::default(),
            documents: Mutex::default(),
        })
    }

    /// Starts it unless it runs.
    ///
    /// # Errors
    /// If the sandbox cannot run it, or it does not answer.
    pub async fn start(&self, sandbox: &Sandbox) -> Result<(), ApiError> {
        self.running(sandbox).await.map(drop)
    }

    /// Tells it of a document, and remembers that.
    ///
    /// # Errors
    /// 429 if too many are open; as [`Self::start`].
    pub async fn open(&self, sandbox: &Sandbox, uri: String, text: String) -> Result<(), ApiError> {
        {
            let mut documents = self.documents();
            if documents.len() >= LSP_DOCUMENTS && !documents.contains_key(&uri) {
                return Err(ApiError::busy(format!(
                    "the language server has {LSP_DOCUMENTS} documents open already; close one first"
                )));
            }
            documents.insert(uri.clone(), text.clone());
        }
        let running = self.running(sandbox).await?;
        self.notify(&running, "textDocument/didOpen", &self.opened(&uri, &text))
            .await
    }

    /// Tells it that a document is closed.
    ///
    /// # Errors
    /// 400 if it was not open; as [`Self::start`].
    pub async fn close(&self, sandbox: &Sandbox, uri: &str) -> Result<(), ApiError> {
        if self.documents().remove(uri).is_none() {
            return Err(ApiError::bad_request(format!(
                "{uri} is not open; open it with did-open"
            )));
        }
        let running = self.running(sandbox).await?;
        let parameters = json!({ "textDocument": { "uri": uri } });
        self.notify(&running, "textDocument/didClose", &parameters).await
    }

    /// Its answer to a question. One that has just died is started anew and asked once more.
    ///
    /// # Errors
    /// What it says itself, or 504 if it says nothing; as [`Self::start`].
    pub async fn ask(&self, sandbox: &Sandbox, method: &str, parameters: &Value) -> Result<Value, ApiError> {
        for _ in 0..2 {
            let running = self.running(sandbox).await?;
            if let Some(answer) = self.ask_once(&running, method, parameters).await? {
                return Ok(answer);
            }
        }
        Err(ApiError::internal("a language server died twice over one question"))
    }

    /// Ends it.
    pub async fn end(&self) {
        if let Some(running) = self.running.lock().await.take() {
            running.child.kill_session(Signal::KILL);
            running.child.session_end().await;
        }
    }

    async fn running(&self, sandbox: &Sandbox) -> Result<Arc<Running>, ApiError> {
        let mut slot = self.running.lock().await;
        if let Some(running) = slot.as_ref().filter(|running| running.child.try_wait().is_none()) {
            running.touch();
            return Ok(Arc::clone(running));
        }
        let running = self.spawn(sandbox)?;
        *slot = Some(Arc::clone(&running));
        drop(slot);
        let root = format!("file://{}", self.project);
        let hello = json!({ "processId": null, "rootUri": root, "rootPath": self.project, "capabilities": {} });
        if self.ask_once(&running, "initialize", &hello).await?.is_none() {
            return Err(ApiError::internal("a language server ended as soon as it was started"));
        }
        self.notify(&running, "initialized", &json!({})).await?;
        let documents: Vec<_> = self.documents().clone().into_iter().collect();
        for (uri, text) in documents {
            self.notify(&running, "textDocument/didOpen", &self.opened(&uri, &text))
                .await?;
        }
        Ok(running)
    }

    fn spawn(&self, sandbox: &Sandbox) -> Result<Arc<Running>, ApiError> {
        let (stdin, requests) = sandbox.pipe().map_err(refusal)?;
        let (answers, stdout) = sandbox.pipe().map_err(refusal)?;
        let child = sandbox
            .spawn(Spawn {
                arguments: self.arguments.clone(),
                environment: self.environment.clone(),
                directory: self.project.clone(),
                stdin,
                stdout,
                stderr: Descriptor::null(),
            })
            .map_err(refusal)?;
        let running = Arc::new(Running {
            child,
            requests,
            waiting: Mutex::default(),
            next: AtomicU64::new(1),
            used: Mutex::new(Instant::now()),
        });
        tokio::spawn(Arc::clone(&running).live(answers));
        Ok(running)
    }

    fn opened(&self, uri: &str, text: &str) -> Value {
        json!({ "textDocument": { "uri": uri, "languageId": self.language, "version": 1, "text": text } })
    }

    async fn notify(&self, running: &Running, method: &str, parameters: &Value) -> Result<(), ApiError> {
        let message = json!({ "jsonrpc": "2.0", "method": method, "params": parameters });
        let slot = self.running.lock().await;
        let written = tokio::time::timeout(LSP_ANSWER, running.requests.write_all(&encode(&message))).await;
        drop(slot);
        match written {
            // One that has died is told of its documents when it is started anew.
            Ok(_) => Ok(()),
            Err(_) => Err(running.slow(method)),
        }
    }

    /// None if it has died.
    async fn ask_once(&self, running: &Running, method: &str, parameters: &Value) -> Result<Option<Value>, ApiError> {
        let id = running.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        {
            let mut waiting = running.waiting();
            if waiting.len() >= LSP_QUESTIONS {
                return Err(ApiError::busy(format!(
                    "the language server has {LSP_QUESTIONS} questions to answer already; wait for an answer"
                )));
            }
            waiting.insert(id, sender);
        }
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": parameters });
        let told = tokio::time::timeout(LSP_ANSWER, async {
            let slot = self.running.lock().await;
            let written = running.requests.write_all(&encode(&message)).await;
            drop(slot);
            match written {
                Ok(()) => answer.await.ok(),
                Err(_) => None,
            }
        })
        .await;
        running.waiting().remove(&id);
        running.touch();
        match told {
            Ok(Some(mut answer)) => match answer.get("error").filter(|error| !error.is_null()) {
                Some(error) => {
                    let text = error["message"].as_str().unwrap_or("no reason given");
                    let text: String = text.chars().take(MOST_REASON).collect();
                    Err(ApiError::bad_request(format!("the language server says: {text}")))
                }
                None => Ok(Some(answer["result"].take())),
            },
            Ok(None) => Ok(None),
            Err(_) => Err(running.slow(method)),
        }
    }

    fn documents(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Characters of a server's own reason that are told.
const MOST_REASON: usize = 500;

impl Running {
    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Value>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn idle_left(&self) -> std::time::Duration {
        let used = *self.used.lock().unwrap_or_else(PoisonError::into_inner);
        LSP_IDLE.saturating_sub(used.elapsed())
    }

    /// It is ended: whatever it is at, nobody waits for it any more.
    fn slow(&self, method: &str) -> ApiError {
        self.child.kill_session(Signal::KILL);
        ApiError::new(
            StatusCode::GATEWAY_TIMEOUT,
            Code::GatewayTimeout,
            format!(
                "the language server did not answer {method} within {} s and was ended; the next call starts it anew",
                LSP_ANSWER.as_secs()
            ),
        )
    }

    /// Hands answers to those who wait, until it dies, says what is no message, or has been idle for long.
    async fn live(self: Arc<Self>, answers: Descriptor) {
        let mut decoder = Decoder::new(LSP_MESSAGE_BYTES);
        loop {
            let piece = tokio::select! {
                piece = answers.read(PIECE) => piece,
                () = tokio::time::sleep(self.idle_left()) => {
                    if self.idle_left().is_zero() && self.waiting().is_empty() {
                        break;
                    }
                    // A question keeps it; look again when that must have been answered.
                    self.touch();
                    continue;
                }
            };
            let Ok(Some(bytes)) = piece else {
                break;
            };
            match decoder.take(&bytes) {
                Ok(messages) => messages.into_iter().for_each(|message| self.answer(message)),
                Err(error) => {
                    tracing::debug!(%error, "a language server");
                    break;
                }
            }
        }
        self.child.kill_session(Signal::KILL);
        self.child.session_end().await;
        // Whoever waits learns that there is no answer.
        self.waiting().clear();
    }

    /// Notifications, and questions to us, are nobody's.
    fn answer(&self, message: Value) {
        let asked = message.get("method").is_some();
        if let Some(id) = message.get("id").and_then(Value::as_u64).filter(|_| !asked)
            && let Some(waiting) = self.waiting().remove(&id)
        {
            let _ = waiting.send(message);
        }
    }
}
