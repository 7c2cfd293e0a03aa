//! The cell's HTTP/2 server.

use crate::call;
use crate::control;
use crate::error::{finish, no_route, wrong_method};
use crate::limits::{CONNECTION_WINDOW, IDLE_AFTER, IDLE_SWEEP, STREAM_WINDOW, STREAMS};
use crate::snapshots;
use crate::table::{Shared, Table};
use crate::toolbox;
use crate::volumes::{self, Volumes};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use sandbar_engine::MemoryBudget;
use sandbar_files::Pool;
use sandbar_net::Egress;
use sandbar_process::{Programs, Threads};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// The layers that sandboxes share after a fork, among them. No sandbox has such a name.
pub(crate) fn frozen(sandboxes: &Path) -> Pool {
    Pool::at(sandboxes.join(".layers"))
}

/// A cell, ready to serve.
#[derive(Clone)]
pub struct Cell {
    table: Arc<Table>,
}

impl Cell {
    /// A cell without sandboxes. `sandboxes` is the canonical directory below which they live, `base` the lowest file
    /// layer; `memory` is what all sandboxes may take together, whatever each was promised; guests run on `guests`, which should
    /// serve nothing else.
    #[must_use]
    pub fn new(
        programs: Programs,
        sandboxes: PathBuf,
        base: PathBuf,
        memory: Arc<MemoryBudget>,
        guests: Threads,
    ) -> Self {
        Self::with_egress(programs, sandboxes, base, memory, guests, Egress::none())
    }

    /// As [`Cell::new`], whose sandboxes have no way out, with one.
    #[must_use]
    pub fn with_egress(
        programs: Programs,
        sandboxes: PathBuf,
        base: PathBuf,
        memory: Arc<MemoryBudget>,
        guests: Threads,
        egress: Arc<Egress>,
    ) -> Self {
        Self {
            table: Table::new(Shared {
                frozen: frozen(&sandboxes),
                base: vec![base],
                programs,
                memory,
                guests,
                egress,
                changing: snapshots::Changing::default(),
                volumes: Volumes::new(&sandboxes),
                root: sandboxes,
            }),
        }
    }

    /// The routes, for the runner's connection.
    pub fn router(&self) -> Router {
        let toolbox = toolbox::router().route_layer(from_fn_with_state(Arc::clone(&self.table), call::admit));
        Router::new()
            .merge(control::router())
            .merge(snapshots::router())
            .merge(volumes::router())
            .nest("/toolbox/{id}", toolbox)
            .fallback(no_route)
            .method_not_allowed_fallback(wrong_method)
            .layer(from_fn(finish))
            .with_state(Arc::clone(&self.table))
    }

    /// Closes the files of sandboxes without a process and a call for so long, as happens by itself after a while.
    pub async fn sweep(&self, idle: Duration) {
        self.table.sweep(idle).await;
    }

    /// Serves HTTP/2 on `stream` until it ends.
    ///
    /// # Errors
    /// If the other side breaks the protocol or the stream fails.
    pub async fn serve<S>(&self, stream: S) -> Result<(), hyper::Error>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let table = Arc::clone(&self.table);
        let sweeper = tokio::spawn(async move {
            loop {
                tokio::time::sleep(IDLE_SWEEP).await;
                table.sweep(IDLE_AFTER).await;
            }
        });
        let result = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            // WebSockets come as extended CONNECT.
            .enable_connect_protocol()
            .max_concurrent_streams(STREAMS)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(self.router()))
            .await;
        sweeper.abort();
        result
    }
}
