//! `serve`: an HTTP component behind a port of its sandbox's own network.
//!
//! The host accepts and speaks HTTP; each request gets an instance of its own, with the memory, the files and the rights of
//! the process that serves. Everything runs within that process's one task: it is metered, stopped and killed with it.

mod arguments;
mod body;
mod request;

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use sandbar_files::OpenOptions;
use sandbar_net::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use wasmtime_wasi_http::io::TokioIo;

use crate::control::Control;
use crate::limits::{MAX_HEAD_BYTES, MAX_SERVED_CONNECTIONS, MAX_SERVED_REQUESTS};
use crate::own::{Loaded, Ready};
use crate::resolve::{Image, absolute};
use crate::sandbox::Sandbox;
use crate::state::Stdio;
use crate::verdict::Verdict;
use arguments::Arguments;

/// The exit code for words that cannot be understood, as Unix programs have it.
const MISUSED: u8 = 2;
const FAILED: u8 = 1;
/// As a shell's for a program that cannot be run.
const REFUSED: u8 = 126;

/// The process that serves, as each of its requests needs it.
pub(crate) struct Served {
    pub(crate) sandbox: Sandbox,
    pub(crate) pid: u32,
    pub(crate) control: Arc<Control>,
    pub(crate) image: Image,
    pub(crate) stdio: Stdio,
}

/// A server that runs.
struct Server {
    served: Served,
    program: Arc<Loaded>,
    requests: Arc<Semaphore>,
    /// Work that goes on beside the connection that brought it.
    tasks: mpsc::UnboundedSender<BoxFuture<'static, ()>>,
}

/// Serves until the process is killed, or tells why it cannot.
pub(crate) async fn run(served: Served) -> Verdict {
    let stderr = served.stdio[2].clone();
    match begin(served).await {
        Err((code, reason)) => {
            // Nobody may read it, and that is fine.
            let _ = stderr.put(format!("serve: {reason}\n").into());
            Verdict::exited(code)
        }
        Ok(never) => match never {},
    }
}

async fn begin(served: Served) -> Result<Infallible, (u8, String)> {
    let Arguments { file, address } =
        Arguments::parse(served.image.arguments.get(1..).unwrap_or_default()).map_err(|reason| (MISUSED, reason))?;
    let program = load(&served, &file)
        .await
        .map_err(|reason| (REFUSED, format!("{file}: {reason}")))?;
    let binding = served.sandbox.network().bind(address);
    let listener = binding
        .map_err(|error| (FAILED, format!("cannot listen on {address}: {error}")))?
        .listen(MAX_SERVED_CONNECTIONS);
    let _ = served.stdio[2].put(format!("serve: listening on http://{}\n", listener.address()).into());

    let (tasks, mut more) = mpsc::unbounded_channel();
    let server = Arc::new(Server {
        served,
        program,
        requests: Arc::new(Semaphore::new(MAX_SERVED_REQUESTS)),
        tasks,
    });
    let connections = Arc::new(Semaphore::new(MAX_SERVED_CONNECTIONS));
    let mut running = FuturesUnordered::new();
    loop {
        tokio::select! {
            Some(task) = more.recv() => running.push(task),
            Some(()) = running.next(), if !running.is_empty() => {}
            () = poll_fn(|context| listener.poll_acceptable(context)), if connections.available_permits() > 0 => {
                if let Some(connection) = listener.accept()
                    && let Ok(place) = Arc::clone(&connections).try_acquire_owned()
                {
                    running.push(Box::pin(Arc::clone(&server).connection(connection, place)));
                }
            }
        }
    }
}

async fn load(served: &Served, file: &str) -> Result<Arc<Loaded>, String> {
    let own = served
        .sandbox
        .programs()
        .own()
        .ok_or("this cell runs no programs of users")?;
    let path = absolute(&served.image.directory, file);
    let tree = served.sandbox.tree();
    let kind = tree.stat(&path, true).map_err(|error| error.to_string())?.kind;
    if kind != sandbar_files::Kind::Regular {
        return Err("it is not a file".into());
    }
    let file = tree
        .open_file(&path, &OpenOptions::read_only())
        .map_err(|error| error.to_string())?;
    let program = own
        .load(&served.sandbox, &file)
        .await
        .map_err(|refusal| refusal.to_string())?;
    match program.ready {
        Ready::Http(_) => Ok(program),
        Ready::Command(_) => Err("it is a command, not an HTTP handler: run it by its name".into()),
    }
}

impl Server {
    async fn connection(self: Arc<Self>, connection: Connection, _place: OwnedSemaphorePermit) {
        let service = service_fn(|request| {
            let server = Arc::clone(&self);
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        let served = http1::Builder::new()
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(connection), service)
            .await;
        if let Err(error) = served {
            tracing::debug!(%error, "a connection to a served component broke");
        }
    }

    /// A line for whoever runs the server.
    fn say(&self, what: &str) {
        let _ = self.served.stdio[2].put(format!("serve: {what}\n").into());
    }
}
