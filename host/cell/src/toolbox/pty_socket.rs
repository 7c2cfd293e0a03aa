//! A terminal session over a WebSocket: the protocol of its frames.

use super::environment::Variables;
use super::session_logs::close;
use crate::call::Call;
use crate::error::ApiError;
use crate::limits::{ENVIRONMENT_VARIABLES, PTY_INPUTS, SOCKET_MESSAGE, WRITE_PATIENCE};
use crate::work::pty::{Next, Pty, Viewer};
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::HeaderMap;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use sandbar_process::ExitStatus;
use serde_json::{Value, json};
use std::future::Future;
use std::sync::Arc;
use tokio::sync::mpsc;

/// A client that offers this gets the exit code in a frame of its own.
const EXIT_CONTROL: &str = "X-Daytona-Pty-Exit-Control";
/// A client that offers this sets environment variables with it: base64url of a JSON object follows.
const ENVIRONMENT: &str = "X-Daytona-Pty-Envs~";

/// What a client offers as subprotocols.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The first one, which is the one to be answered with.
    first: Option<String>,
    exit_control: bool,
    /// Environment variables.
    pub variables: Variables,
}

impl Offer {
    /// Reads the offer of a request.
    ///
    /// # Errors
    /// 400 for variables that cannot be read.
    pub fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut offer = Self::default();
        let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL);
        let names = lines.iter().filter_map(|line| line.to_str().ok());
        for name in names.flat_map(|line| line.split(',')).map(str::trim) {
            if name.is_empty() {
                continue;
            }
            offer.first.get_or_insert_with(|| name.to_owned());
            offer.exit_control |= name.eq_ignore_ascii_case(EXIT_CONTROL);
            if let Some(encoded) = name.strip_prefix(ENVIRONMENT) {
                offer.variables = variables(encoded)?;
            }
        }
        Ok(offer)
    }

    /// Accepts the WebSocket and answers the offer.
    pub fn accept<F>(
        self,
        upgrade: WebSocketUpgrade,
        serve: impl FnOnce(WebSocket, bool) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let exit_control = self.exit_control;
        upgrade
            .max_message_size(SOCKET_MESSAGE)
            .max_frame_size(SOCKET_MESSAGE)
            .protocols(self.first)
            .on_upgrade(move |socket| serve(socket, exit_control))
    }
}

fn variables(encoded: &str) -> Result<Variables, ApiError> {
    let bad = || ApiError::bad_request(format!("{ENVIRONMENT}… is not base64url of a JSON object of strings"));
    let bytes = URL_SAFE_NO_PAD
        .decode(encoded)
        .or_else(|_| URL_SAFE.decode(encoded))
        .map_err(|_| bad())?;
    let variables: Variables = serde_json::from_slice(&bytes).map_err(|_| bad())?;
    if variables.len() > ENVIRONMENT_VARIABLES {
        return Err(bad());
    }
    Ok(variables)
}

/// Serves one client until it leaves, falls behind, or the shell ends.
pub async fn serve(mut socket: WebSocket, pty: Arc<Pty>, exit_control: bool, call: Call) {
    let viewer = pty.attach();
    if send(&mut socket, text(json!({ "type": "control", "status": "connected" })))
        .await
        .is_err()
    {
        return;
    }
    // Typing waits while nothing reads; showing must not wait for it.
    let (typed, inputs) = mpsc::channel(PTY_INPUTS);
    let mut typist = tokio::spawn(type_in(Arc::clone(&pty), inputs));
    let frame = follow(&mut socket, &viewer, &typed, exit_control).await;
    drop(viewer);
    if let Some(frame) = frame {
        close(socket, frame).await;
    }
    // What was typed before the client left still arrives, unless nothing reads it for too long.
    drop(typed);
    if tokio::time::timeout(WRITE_PATIENCE, &mut typist).await.is_err() {
        typist.abort();
    }
    drop(call);
}

async fn type_in(pty: Arc<Pty>, mut inputs: mpsc::Receiver<Bytes>) {
    while let Some(bytes) = inputs.recv().await {
        pty.input(&bytes).await;
    }
}

/// The frame to close with; none if the client has gone.
async fn follow(
    socket: &mut WebSocket,
    viewer: &Viewer,
    typed: &mpsc::Sender<Bytes>,
    exit_control: bool,
) -> Option<CloseFrame> {
    loop {
        tokio::select! {
            next = viewer.next() => match next {
                Next::Bytes(bytes) => {
                    let count = bytes.len();
                    if send(socket, Message::Binary(bytes)).await.is_err() {
                        return Some(slow());
                    }
                    viewer.took(count);
                }
                Next::Cut => return Some(slow()),
                Next::Ended(status) => {
                    let control = exited(status);
                    if exit_control {
                        let mut frame = control.clone();
                        frame["type"] = "control".into();
                        frame["status"] = "exited".into();
                        send(socket, text(frame)).await.ok()?;
                    }
                    return Some(CloseFrame {
                        code: if status.success() { close_code::NORMAL } else { close_code::ERROR },
                        reason: control.to_string().into(),
                    });
                }
            },
            message = socket.recv() => {
                let bytes = match message? {
                    Ok(Message::Binary(bytes)) => bytes,
                    Ok(Message::Text(text)) => Bytes::from(text),
                    Ok(Message::Ping(_) | Message::Pong(_)) => continue,
                    Ok(Message::Close(_)) | Err(_) => return None,
                };
                if typed.try_send(bytes).is_err() {
                    return Some(CloseFrame {
                        code: close_code::POLICY,
                        reason: "too much input that nothing reads".into(),
                    });
                }
            }
        }
    }
}

async fn send(socket: &mut WebSocket, message: Message) -> Result<(), ()> {
    match tokio::time::timeout(WRITE_PATIENCE, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(()),
    }
}

fn text(value: Value) -> Message {
    Message::Text(Utf8Bytes::from(value.to_string()))
}

fn slow() -> CloseFrame {
    CloseFrame {
        code: close_code::POLICY,
        reason: "slow reader: connect again to go on".into(),
    }
}

/// `{exitCode, exitReason?}`
fn exited(status: ExitStatus) -> Value {
    let code = status.code();
    let reason = match code {
        130 => Some("interrupted by Ctrl+C".to_owned()),
        137 => Some("killed".to_owned()),
        143 => Some("terminated".to_owned()),
        code if code > 128 => Some(format!("ended by signal {}", code - 128)),
        _ => None,
    };
    match reason {
        Some(reason) => json!({ "exitCode": code, "exitReason": reason }),
        None => json!({ "exitCode": code }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn offer(line: &str) -> Result<Offer, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_str(line).expect("a header"));
        Offer::of(&headers)
    }

    #[test]
    fn offers_are_read() {
        let encoded = URL_SAFE_NO_PAD.encode(r#"{"A":"b c"}"#);
        let read = offer(&format!("X-Daytona-Pty-Exit-Control, X-Daytona-Pty-Envs~{encoded}")).expect("fine");
        assert!(read.exit_control);
        assert_eq!(read.first.as_deref(), Some("X-Daytona-Pty-Exit-Control"));
        assert_eq!(read.variables.get("A").map(String::as_str), Some("b c"));
        assert_eq!(Offer::of(&HeaderMap::new()), Ok(Offer::default()));
        for bad in ["X-Daytona-Pty-Envs~!", "X-Daytona-Pty-Envs~W10"] {
            assert_eq!(offer(bad).map_err(|error| error.status.as_u16()), Err(400), "{bad}");
        }
    }
}
