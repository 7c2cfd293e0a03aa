//! The cell as a child process: started, watched, restarted, and called over its socket.

use crate::backoff::Backoff;
use crate::blobs::FileBody;
use crate::compiler::Compiler;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use sandbar_cell::{COLD, CellConfig, Mode};
use std::collections::HashSet;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc, watch};

/// First and longest wait before a dead cell is started again.
const FIRST_RESTART: Duration = Duration::from_millis(50);
const LAST_RESTART: Duration = Duration::from_secs(10);
/// A cell that lived this long has not died of its start.
const LIVED_WELL: Duration = Duration::from_secs(30);
/// How long a call waits for a cell that is being restarted. A restart maps compiled code: well below a second.
pub(crate) const WAIT_FOR_CELL: Duration = Duration::from_secs(10);
/// How long a control call may take; the longest removes the files of a full sandbox.
const CONTROL_DEADLINE: Duration = Duration::from_secs(110);
/// How often a call that a dying cell never saw is sent again.
pub(crate) const TRIES: usize = 5;
/// Between closing the socket and killing.
const GRACE: Duration = Duration::from_secs(2);
/// Largest answer to a control call.
const CONTROL_ANSWER_BYTES: usize = 1 << 20;
/// Flow-control windows towards the cell, as the cell's own.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;

/// What the environment of a cell keeps: hostile code lives there, and no secret of ours may.
pub(crate) const KEPT_ENVIRONMENT: [&str; 4] = ["RUST_LOG", "RUST_BACKTRACE", "SANDBAR_LOG", "TZ"];

/// Body of a request to the cell: a caller's stream, or bytes or a file of our own.
pub(crate) type CellBody = Either<Incoming, Either<Full<Bytes>, FileBody>>;

/// Why a call did not reach the cell, or did not come back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CellError {
    #[error("the cell is being restarted")]
    Down,
    #[error("the cell ended or broke its connection during the call: {0}")]
    Broken(#[from] hyper::Error),
    #[error("the cell answered {0}: {1}")]
    Refused(StatusCode, String),
    #[error("the cell did not answer within {} s", CONTROL_DEADLINE.as_secs())]
    Late,
}

/// What became of a call that did not come back.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The cell never saw it: here it is again, for the cell's next life.
    Unsent(Box<Request<CellBody>>),
    /// The cell may have acted on it.
    Failed(CellError),
}

/// One life of the cell.
pub(crate) struct Incarnation {
    sender: http2::SendRequest<CellBody>,
    known: Mutex<HashSet<String>>,
    /// A call has found the connection broken, before its own task has.
    broken: AtomicBool,
}

impl Incarnation {
    /// Whether this life of the cell was told of the sandbox.
    pub(crate) fn knows(&self, sandbox: &str) -> bool {
        lock(&self.known).contains(sandbox)
    }

    fn alive(&self) -> bool {
        !self.sender.is_closed() && !self.broken.load(Ordering::Acquire)
    }
}

/// The runner's cell, whichever life it is in.
pub(crate) struct Cells {
    current: watch::Receiver<Option<Arc<Incarnation>>>,
    keeper: Arc<Keeper>,
}

/// What keeper thread and async side share.
struct Keeper {
    stop: AtomicBool,
    /// Wakes the connection's task when `stop` is set.
    stopping: Notify,
    /// The present child, as a descriptor: its number cannot be reused under us.
    child: Mutex<Option<OwnedFd>>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
}

impl Keeper {
    fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        // Stores a permit if nobody waits yet.
        self.stopping.notify_one();
    }

    fn kill(&self) {
        if let Some(child) = lock(&self.child).as_ref() {
            // It may have ended already, which is what is wanted.
            let _ = pidfd_send_signal(child, Signal::KILL);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Whoever panicked while holding it left sets and options, which are whole at any time.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cells {
    /// Starts the first cell and the thread that keeps one alive. `on_restart` is called each time a new life begins after
    /// another has ended.
    pub(crate) fn start(exe: PathBuf, config: CellConfig, on_restart: impl Fn() + Send + 'static) -> io::Result<Self> {
        let keeper = Arc::new(Keeper {
            stop: AtomicBool::new(false),
            stopping: Notify::new(),
            child: Mutex::new(None),
            thread: Mutex::new(None),
        });
        let (streams, received) = mpsc::channel(1);
        let (spawned, first) = std::sync::mpsc::channel();
        let shared = Arc::clone(&keeper);
        // A thread of its own, because the kernel ends the child when the *thread* that made it ends, and threads of a
        // pool come and go.
        let thread = thread::Builder::new()
            .name("cell-keeper".into())
            .spawn(move || keep(&shared, &exe, &config, &streams, &spawned))?;
        *lock(&keeper.thread) = Some(thread);
        first
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("the cell's keeper has ended")))?;
        let (publish, current) = watch::channel(None);
        tokio::spawn(connect(received, publish, Arc::clone(&keeper), on_restart));
        Ok(Self { current, keeper })
    }

    /// The present life, waiting for one if the cell is being restarted.
    pub(crate) async fn current(&self) -> Result<Arc<Incarnation>, CellError> {
        if let Some(life) = self.current.borrow().as_ref().filter(|life| life.alive()) {
            return Ok(Arc::clone(life));
        }
        let mut current = self.current.clone();
        let alive = current.wait_for(|life| life.as_ref().is_some_and(|life| life.alive()));
        match tokio::time::timeout(WAIT_FOR_CELL, alive).await {
            Ok(Ok(life)) => life.clone().ok_or(CellError::Down),
            _ => Err(CellError::Down),
        }
    }

    /// Sends a request to one life of the cell. The path must be absolute.
    pub(crate) async fn call(life: &Incarnation, request: Request<CellBody>) -> Result<Response<Incoming>, CallError> {
        let mut sender = life.sender.clone();
        if sender.ready().await.is_err() {
            life.broken.store(true, Ordering::Release);
            return Err(CallError::Unsent(Box::new(request)));
        }
        sender
            .try_send_request(request)
            .await
            .map_err(|mut error| match error.take_message() {
                Some(request) => {
                    life.broken.store(true, Ordering::Release);
                    CallError::Unsent(Box::new(request))
                }
                None => CallError::Failed(CellError::Broken(error.into_error())),
            })
    }

    /// A control call: any 2xx is success. Gives the body, and the life that answered.
    pub(crate) async fn control(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(Arc<Incarnation>, Bytes), CellError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://cell{path}"))
            .body(Either::Right(Either::Left(Full::from(body))))
            .map_err(|error| CellError::Refused(StatusCode::BAD_REQUEST, error.to_string()))?;
        let exchange = async {
            for _ in 0..TRIES {
                let life = self.current().await?;
                let response = match Self::call(&life, request).await {
                    Ok(response) => response,
                    Err(CallError::Failed(error)) => return Err(error),
                    Err(CallError::Unsent(unsent)) => {
                        request = *unsent;
                        continue;
                    }
                };
                let status = response.status();
                let body = Limited::new(response.into_body(), CONTROL_ANSWER_BYTES)
                    .collect()
                    .await
                    .map_err(|error| CellError::Refused(status, error.to_string()))?
                    .to_bytes();
                return if status.is_success() {
                    Ok((life, body))
                } else {
                    Err(CellError::Refused(status, message(&body)))
                };
            }
            Err(CellError::Down)
        };
        tokio::time::timeout(CONTROL_DEADLINE, exchange)
            .await
            .map_err(|_| CellError::Late)?
    }

    /// `PUT /sandboxes/<id>` with a spec as [`crate::spec`] makes them.
    pub(crate) async fn put(&self, id: &str, spec: &serde_json::Value) -> Result<(), CellError> {
        let path = format!("/sandboxes/{id}");
        let (life, _) = self.control(Method::PUT, &path, spec.to_string().into_bytes()).await?;
        lock(&life.known).insert(id.to_owned());
        Ok(())
    }

    /// `POST /sandboxes/<id>/stop`. A cell that does not know the sandbox runs nothing of it.
    pub(crate) async fn stop(&self, id: &str) -> Result<(), CellError> {
        let life = self.current().await?;
        if !life.knows(id) {
            return Ok(());
        }
        let path = format!("/sandboxes/{id}/stop");
        self.control(Method::POST, &path, Vec::new()).await?;
        Ok(())
    }

    /// `DELETE /sandboxes/<id>`. The caller has told the cell of the sandbox before.
    pub(crate) async fn delete(&self, id: &str) -> Result<(), CellError> {
        let path = format!("/sandboxes/{id}");
        let (life, _) = self.control(Method::DELETE, &path, Vec::new()).await?;
        lock(&life.known).remove(id);
        Ok(())
    }

    /// `GET /stats`. Also tells whether the cell answers at all.
    pub(crate) async fn stats(&self) -> Result<sandbar_cell::CellStats, CellError> {
        let (_, body) = self.control(Method::GET, "/stats", Vec::new()).await?;
        serde_json::from_slice(&body).map_err(|error| CellError::Refused(StatusCode::BAD_GATEWAY, error.to_string()))
    }

    /// Ends the cell: closes its socket, waits a little, kills it. Returns when it is gone.
    pub(crate) async fn shutdown(&self) {
        self.keeper.stop();
        let Some(thread) = lock(&self.keeper.thread).take() else {
            return;
        };
        let keeper = Arc::clone(&self.keeper);
        let ended = tokio::task::spawn_blocking(move || {
            let since = Instant::now();
            while !thread.is_finished() {
                if since.elapsed() > GRACE {
                    keeper.kill();
                }
                thread.thread().unpark();
                thread::sleep(Duration::from_millis(5));
            }
            thread.join()
        });
        if !matches!(ended.await, Ok(Ok(()))) {
            tracing::error!("the cell's keeper has panicked");
        }
    }
}

impl Drop for Cells {
    fn drop(&mut self) {
        self.keeper.stop();
        self.keeper.kill();
    }
}

/// The message of an error body, or the body.
pub(crate) fn message(body: &[u8]) -> String {
    serde_json::from_slice::<serde_json::Value>(body)
        .ok()
        .and_then(|value| value["message"].as_str().map(str::to_owned))
        .unwrap_or_else(|| String::from_utf8_lossy(body).into_owned())
}

/// The keeper thread: spawn, hand the socket over, wait, again.
fn keep(
    keeper: &Keeper,
    exe: &Path,
    config: &CellConfig,
    streams: &mpsc::Sender<UnixStream>,
    first: &std::sync::mpsc::Sender<io::Result<()>>,
) {
    let mut backoff = Backoff::new(FIRST_RESTART, LAST_RESTART);
    let mut starts = 0_u64;
    while !keeper.stop.load(Ordering::Acquire) {
        let since = Instant::now();
        match spawn(exe, config) {
            Ok(Spawned {
                cell: mut child,
                stream,
                handle,
                // Ends with its cell.
                compiler: _compiler,
            }) => {
                *lock(&keeper.child) = Some(handle);
                if starts == 0 {
                    // Whoever started us may be gone; then the stop flag is set.
                    let _ = first.send(Ok(()));
                }
                starts += 1;
                // Fails if the runtime is gone: then there is nobody to serve, and dropping the stream ends the child.
                let _ = streams.blocking_send(stream);
                let status = child.wait();
                lock(&keeper.child).take();
                if keeper.stop.load(Ordering::Acquire) {
                    return;
                }
                if matches!(&status, Ok(status) if status.code() == Some(i32::from(COLD))) {
                    warm(keeper, exe, config);
                    continue;
                }
                tracing::error!(?status, lived = ?since.elapsed(), "the cell has ended; starting another");
            }
            Err(error) if starts == 0 => {
                let _ = first.send(Err(error));
                return;
            }
            Err(error) => tracing::error!(%error, "the cell cannot be started"),
        }
        if since.elapsed() > LIVED_WELL {
            backoff.reset();
        }
        thread::park_timeout(backoff.next());
    }
}

/// Compiles the userland in a process of its own: the jailed cell may not write the cache.
fn warm(keeper: &Keeper, exe: &Path, config: &CellConfig) {
    tracing::info!("compiling the userland; this happens once");
    let config = CellConfig {
        mode: Mode::Warm,
        ..config.clone()
    };
    let spawned = command(exe, &config).stdin(Stdio::null()).spawn();
    let result = spawned.and_then(|mut child| {
        *lock(&keeper.child) = handle(&mut child).ok();
        child.wait()
    });
    lock(&keeper.child).take();
    match result {
        Ok(status) if status.success() => {}
        result => tracing::error!(?result, "the userland cannot be compiled"),
    }
}

fn command(exe: &Path, config: &CellConfig) -> Command {
    let kept = KEPT_ENVIRONMENT.iter();
    let mut command = Command::new(exe);
    command
        .arg("cell")
        .args(config.to_arguments())
        .env_clear()
        .envs(kept.filter_map(|name| Some((name, std::env::var_os(name)?))))
        // Standard output belongs to whoever started us; logs go to standard error.
        .stdout(Stdio::null())
        .current_dir("/");
    command
}

/// A descriptor of the child, or its end: without one it could not be ended for sure.
fn handle(child: &mut Child) -> io::Result<OwnedFd> {
    pidfd_open(rustix::process::Pid::from_child(child), PidfdFlags::empty()).map_err(|error| {
        // It may have ended by itself already.
        let _ = child.kill();
        let _ = child.wait();
        error.into()
    })
}

/// A cell and its compiler.
struct Spawned {
    cell: Child,
    stream: UnixStream,
    handle: OwnedFd,
    compiler: Compiler,
}

fn spawn(exe: &Path, config: &CellConfig) -> io::Result<Spawned> {
    let (ours, theirs) = UnixStream::pair()?;
    let (compiler, asks) = Compiler::start(exe, config)?;
    let mut cell = command(exe, config)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::from(OwnedFd::from(asks)))
        .spawn()?;
    let handle = handle(&mut cell)?;
    Ok(Spawned {
        cell,
        stream: ours,
        handle,
        compiler,
    })
}

/// Makes an HTTP/2 client of each socket and publishes it.
async fn connect(
    mut streams: mpsc::Receiver<UnixStream>,
    publish: watch::Sender<Option<Arc<Incarnation>>>,
    keeper: Arc<Keeper>,
    on_restart: impl Fn(),
) {
    let mut lives = 0_u64;
    while let Some(stream) = streams.recv().await {
        let (sender, connection) = match handshake(stream).await {
            Ok(pair) => pair,
            Err(error) => {
                tracing::error!(%error, "no connection to the cell");
                keeper.kill();
                continue;
            }
        };
        publish.send_replace(Some(Arc::new(Incarnation {
            sender,
            known: Mutex::default(),
            broken: AtomicBool::new(false),
        })));
        if lives > 0 {
            on_restart();
        }
        lives += 1;
        tokio::select! {
            result = connection => {
                tracing::warn!(?result, "the cell's connection has ended");
            }
            () = keeper.stopping.notified() => {}
        }
        publish.send_replace(None);
        if !keeper.stop.load(Ordering::Acquire) {
            // A cell without its connection is of no use, even if it still runs.
            keeper.kill();
        }
    }
}

type Connection = http2::Connection<TokioIo<tokio::net::UnixStream>, CellBody, TokioExecutor>;

async fn handshake(
    stream: UnixStream,
) -> Result<(http2::SendRequest<CellBody>, Connection), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nonblocking(true)?;
    let io = TokioIo::new(tokio::net::UnixStream::from_std(stream)?);
    let pair = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .handshake(io)
        .await?;
    Ok(pair)
}
