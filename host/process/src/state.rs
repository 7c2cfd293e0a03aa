//! What a store holds for its process.

use std::sync::Arc;

use sandbar_engine::{StoreLimits, resource_table};
use sandbar_tls::{TlsCtx, TlsView};
use sandbar_wasi_files::{Failure, FilesCtx, FilesView};
use sandbar_wasi_net::{NetCtx, NetView, Notice};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::control::Control;
use crate::descriptor::Descriptor;
use crate::interrupts::{Alarm, Watched};
use crate::limits::MAX_RANDOM_BYTES;
use crate::notes::Notes;
use crate::outgoing::Requests;
use crate::resolve::Image;
use crate::sandbox::Sandbox;
use crate::streams::{OwnStreams, Stdin, Stdout};

/// Standard input, output and error.
pub(crate) type Stdio = [Descriptor; 3];

/// A store's data: one process.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) wasi: WasiCtx,
    pub(crate) files: FilesCtx,
    pub(crate) net: NetCtx,
    pub(crate) tls: TlsCtx,
    http: WasiHttpCtx,
    requests: Requests,
    pub(crate) limits: StoreLimits,
    pub(crate) sandbox: Sandbox,
    pub(crate) pid: u32,
    pub(crate) control: Arc<Control>,
    pub(crate) stdio: Stdio,
    pub(crate) sigpipe: bool,
    /// Set once it has asked to be interrupted.
    pub(crate) watched: Option<Watched>,
    pub(crate) alarm: Option<Alarm>,
}

impl State {
    pub(crate) fn new(
        sandbox: Sandbox,
        pid: u32,
        control: Arc<Control>,
        image: Image,
        stdio: Stdio,
        sigpipe: bool,
        limits: StoreLimits,
    ) -> Self {
        let failure = Failure::default();
        let stdout = |descriptor: &Descriptor| Stdout {
            descriptor: descriptor.clone(),
            sigpipe,
            failure: failure.clone(),
        };
        let wasi = WasiCtxBuilder::new()
            .args(&image.arguments)
            .envs(&image.environment)
            .initial_cwd(&image.directory)
            .max_random_size(MAX_RANDOM_BYTES)
            .stdin(Stdin(stdio[0].clone()))
            .stdout(stdout(&stdio[1]))
            // A write to a standard error that nobody reads is no reason to end a program.
            .stderr(Stdout {
                descriptor: stdio[2].clone(),
                sigpipe: false,
                failure: failure.clone(),
            })
            .build();
        let files = FilesCtx {
            tree: sandbox.tree().clone(),
            cwd: image.directory,
            caller: pid,
            standard: Some(Arc::new(OwnStreams {
                stdio: stdio.clone(),
                sigpipe,
                failure: failure.clone(),
            })),
            failure,
        };
        let notes = Notes::new(stdio[2].clone());
        let net = NetCtx {
            network: sandbox.network().clone(),
            notice: Notice::new({
                let notes = notes.clone();
                move |wanted, refusal| notes.refused(wanted, refusal)
            }),
        };
        let tls = TlsCtx {
            roots: Arc::clone(sandbox.programs().roots()),
            sessions: Arc::clone(sandbox.tls()),
        };
        Self {
            table: resource_table(),
            wasi,
            files,
            net,
            tls,
            http: WasiHttpCtx::new(),
            requests: Requests {
                network: sandbox.network().clone(),
                roots: Arc::clone(sandbox.programs().roots()),
                notes,
            },
            limits,
            sandbox,
            pid,
            control,
            stdio,
            sigpipe,
            watched: None,
            alarm: None,
        }
    }

    /// From now on the process is interrupted by the signals that it catches.
    pub(crate) fn watch(&mut self, watched: Watched) {
        self.watched = Some(watched);
        self.control.watch();
    }

    /// Called at each tick while the guest computes: turns it to a signal that waits.
    pub(crate) fn tick(&mut self) {
        if let Some(watched) = &mut self.watched {
            self.control.computes();
            if self.control.signals().has_pending() {
                // SAFETY: called by the store of the guest, between two of its instructions.
                unsafe { watched.interrupt() };
            }
        }
    }

    pub(crate) fn files(&mut self) -> FilesView<'_> {
        FilesView {
            table: &mut self.table,
            ctx: &mut self.files,
        }
    }

    pub(crate) fn tls(&mut self) -> TlsView<'_> {
        TlsView {
            table: &mut self.table,
            ctx: &mut self.tls,
        }
    }

    pub(crate) fn net(&mut self) -> NetView<'_> {
        NetView {
            table: &mut self.table,
            ctx: &mut self.net,
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.requests,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}
