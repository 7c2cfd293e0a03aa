//! A TCP socket of a guest, and how it changes.

use std::future::poll_fn;
use std::mem;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use sandbar_net::limits::{BUFFER_BYTES, DEFAULT_BACKLOG};
use sandbar_net::{Binding, ConnectError, Connection, Listener, Network};
use wasmtime_wasi_io::async_trait;
use wasmtime_wasi_io::poll::Pollable;

use crate::NetCtx;
use crate::bindings::{ErrorCode, IpAddressFamily};
use crate::error::{bind_code, connect_code};

type Connecting = Pin<Box<dyn Future<Output = Result<Connection, ConnectError>> + Send>>;

/// A TCP socket.
pub struct TcpSocket {
    pub(crate) family: IpAddressFamily,
    pub(crate) options: Options,
    state: State,
}

/// What a guest has set. Kept and read back; the network has buffers and lifetimes of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) backlog: usize,
    pub(crate) keep_alive: bool,
    /// Nanoseconds, as the interval.
    pub(crate) keep_alive_idle: u64,
    pub(crate) keep_alive_interval: u64,
    pub(crate) keep_alive_count: u32,
    pub(crate) hop_limit: u8,
    pub(crate) receive_buffer: u64,
    pub(crate) send_buffer: u64,
}

impl Default for Options {
    /// Linux's.
    fn default() -> Self {
        Self {
            backlog: DEFAULT_BACKLOG,
            keep_alive: false,
            keep_alive_idle: 7200 * 1_000_000_000,
            keep_alive_interval: 75 * 1_000_000_000,
            keep_alive_count: 9,
            hop_limit: 64,
            receive_buffer: BUFFER_BYTES as u64,
            send_buffer: BUFFER_BYTES as u64,
        }
    }
}

enum State {
    Unbound,
    /// `finish-bind` is awaited; nothing is left to do.
    Binding(Binding),
    Bound(Binding),
    /// `finish-listen` is awaited; connections may come already.
    Starting(Listener),
    Listening(Listener),
    Connecting {
        attempt: Attempt,
        /// Shown as the local address; libc asks for it also after a failure.
        local: SocketAddr,
        /// The port is held until the connection is dropped.
        binding: Option<Binding>,
    },
    Connected {
        connection: Arc<Connection>,
        _binding: Option<Binding>,
    },
    Failed {
        local: SocketAddr,
    },
}

enum Attempt {
    Running(Connecting),
    Done(Result<Connection, ConnectError>),
}

impl Attempt {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Self::Running(connecting) = self {
            match connecting.as_mut().poll(context) {
                Poll::Ready(result) => *self = Self::Done(result),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }
}

impl TcpSocket {
    pub(crate) fn new(family: IpAddressFamily) -> Self {
        Self {
            family,
            options: Options::default(),
            state: State::Unbound,
        }
    }

    fn accepted(&self, connection: Arc<Connection>) -> Self {
        Self {
            family: self.family,
            options: self.options,
            state: State::Connected {
                connection,
                _binding: None,
            },
        }
    }

    fn is_busy(&self) -> bool {
        matches!(
            self.state,
            State::Binding(_) | State::Starting(_) | State::Connecting { .. }
        )
    }

    pub(crate) fn start_bind(&mut self, network: &Network, to: SocketAddr) -> Result<(), ErrorCode> {
        match self.state {
            State::Unbound => {}
            _ if self.is_busy() => return Err(ErrorCode::ConcurrencyConflict),
            _ => return Err(ErrorCode::InvalidState),
        }
        let binding = network.bind(to).map_err(|error| bind_code(&error))?;
        self.state = State::Binding(binding);
        Ok(())
    }

    pub(crate) fn finish_bind(&mut self) -> Result<(), ErrorCode> {
        match mem::replace(&mut self.state, State::Unbound) {
            State::Binding(binding) => {
                self.state = State::Bound(binding);
                Ok(())
            }
            other => {
                self.state = other;
                Err(ErrorCode::NotInProgress)
            }
        }
    }

    pub(crate) fn start_connect(&mut self, ctx: &NetCtx, to: SocketAddr) -> Result<(), ErrorCode> {
        if self.is_busy() {
            return Err(ErrorCode::ConcurrencyConflict);
        }
        if to.port() == 0 || to.ip().is_unspecified() {
            return Err(ErrorCode::InvalidArgument);
        }
        let binding = match mem::replace(&mut self.state, State::Unbound) {
            State::Unbound => None,
            State::Bound(binding) => Some(binding),
            other => {
                self.state = other;
                return Err(ErrorCode::InvalidState);
            }
        };
        let local = match &binding {
            Some(binding) => binding.address(),
            None => ctx.network.client_address(to.is_ipv6()),
        };
        let NetCtx { network, notice } = ctx.clone();
        let mut attempt = Attempt::Running(Box::pin(async move {
            let opened = network.open(Some(local), to).await;
            if let Err(ConnectError::NotAllowed(refusal)) = &opened {
                notice.tell(&to, refusal);
            }
            opened
        }));
        // Within the sandbox this is all that it takes. Whoever waits is woken by a poll of its own.
        let _ = attempt.poll(&mut Context::from_waker(Waker::noop()));
        self.state = State::Connecting {
            attempt,
            local,
            binding,
        };
        Ok(())
    }

    pub(crate) fn finish_connect(&mut self) -> Result<Arc<Connection>, ErrorCode> {
        let State::Connecting { attempt, local, .. } = &mut self.state else {
            return Err(ErrorCode::NotInProgress);
        };
        let failed = State::Failed { local: *local };
        if attempt.poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            return Err(ErrorCode::WouldBlock);
        }
        let State::Connecting {
            attempt: Attempt::Done(result),
            binding,
            ..
        } = mem::replace(&mut self.state, failed)
        else {
            return Err(ErrorCode::NotInProgress);
        };
        let connection = Arc::new(result.map_err(|error| connect_code(&error))?);
        self.state = State::Connected {
            connection: Arc::clone(&connection),
            _binding: binding,
        };
        Ok(connection)
    }

    pub(crate) fn start_listen(&mut self) -> Result<(), ErrorCode> {
        if self.is_busy() {
            return Err(ErrorCode::ConcurrencyConflict);
        }
        match mem::replace(&mut self.state, State::Unbound) {
            State::Bound(binding) => {
                self.state = State::Starting(binding.listen(self.options.backlog));
                Ok(())
            }
            other => {
                self.state = other;
                Err(ErrorCode::InvalidState)
            }
        }
    }

    pub(crate) fn finish_listen(&mut self) -> Result<(), ErrorCode> {
        match mem::replace(&mut self.state, State::Unbound) {
            State::Starting(listener) => {
                self.state = State::Listening(listener);
                Ok(())
            }
            other => {
                self.state = other;
                Err(ErrorCode::NotInProgress)
            }
        }
    }

    pub(crate) fn accept(&self) -> Result<(Self, Arc<Connection>), ErrorCode> {
        let State::Listening(listener) = &self.state else {
            return Err(ErrorCode::InvalidState);
        };
        let connection = Arc::new(listener.accept().ok_or(ErrorCode::WouldBlock)?);
        Ok((self.accepted(Arc::clone(&connection)), connection))
    }

    pub(crate) fn local(&self) -> Result<SocketAddr, ErrorCode> {
        match &self.state {
            State::Unbound => Err(ErrorCode::InvalidState),
            State::Binding(binding) | State::Bound(binding) => Ok(binding.address()),
            State::Starting(listener) | State::Listening(listener) => Ok(listener.address()),
            State::Connecting { local, .. } | State::Failed { local } => Ok(*local),
            State::Connected { connection, .. } => Ok(connection.local()),
        }
    }

    pub(crate) fn remote(&self) -> Result<SocketAddr, ErrorCode> {
        match &self.state {
            State::Connected { connection, .. } => Ok(connection.remote()),
            _ => Err(ErrorCode::InvalidState),
        }
    }

    pub(crate) fn connection(&self) -> Option<&Arc<Connection>> {
        match &self.state {
            State::Connected { connection, .. } => Some(connection),
            _ => None,
        }
    }

    pub(crate) fn is_listening(&self) -> bool {
        matches!(self.state, State::Listening(_))
    }

    /// The backlog is settled when listening starts.
    pub(crate) fn set_backlog(&mut self, backlog: u64) -> Result<(), ErrorCode> {
        match &self.state {
            State::Connecting { .. } | State::Connected { .. } | State::Failed { .. } => Err(ErrorCode::InvalidState),
            State::Starting(_) | State::Listening(_) => Err(ErrorCode::NotSupported),
            State::Unbound | State::Binding(_) | State::Bound(_) => {
                self.options.backlog = usize::try_from(backlog).unwrap_or(usize::MAX);
                Ok(())
            }
        }
    }
}

#[async_trait]
impl Pollable for TcpSocket {
    async fn ready(&mut self) {
        match &mut self.state {
            State::Listening(listener) => poll_fn(|context| listener.poll_acceptable(context)).await,
            State::Connecting { attempt, .. } => poll_fn(|context| attempt.poll(context)).await,
            _ => {}
        }
    }
}
