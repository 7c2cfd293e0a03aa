//! One event socket, from its opening to its end.

use std::sync::Arc;

use axum::extract::ws::{Message, WebSocket};
use http::HeaderValue;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::{Instant, sleep_until, timeout};

use super::feed::Feed;
use super::protocol::{self, Incoming};
use crate::limits::{API_TIME, EVENT_CONNECT, EVENT_PING, EVENT_PONG};
use crate::router::Shared;

/// Serves a socket; every way it can end is a plain return, which closes it.
pub async fn serve(shared: &Arc<Shared>, mut socket: WebSocket) {
    let Some(sid) = session_id() else { return };
    if !send(&mut socket, protocol::open(&sid)).await {
        return;
    }
    let Ok(Some(token)) = timeout(EVENT_CONNECT, connect(&mut socket)).await else {
        return;
    };
    match admit(shared, token.as_deref()).await {
        Ok(feed) => {
            // Before the acknowledgement, so that nothing after it is missed.
            let frames = feed.frames();
            if send(&mut socket, protocol::connected(&sid)).await {
                stream(&mut socket, frames).await;
            }
            drop(feed);
        }
        Err(reason) => {
            // Refused either way; whether the refusal arrives changes nothing.
            let _ = send(&mut socket, protocol::refused(reason)).await;
        }
    }
}

/// Waits for the CONNECT and gives its token; none if the client leaves.
async fn connect(socket: &mut WebSocket) -> Option<Option<String>> {
    loop {
        match receive(socket).await? {
            Incoming::Connect(token) => return Some(token),
            Incoming::Leave => return None,
            Incoming::Ping | Incoming::Pong | Incoming::Other => {}
        }
    }
}

async fn admit(shared: &Shared, token: Option<&str>) -> Result<Arc<Feed>, &'static str> {
    const UNAUTHORIZED: &str = "Unauthorized";
    let token = token.ok_or(UNAUTHORIZED)?;
    let mut authorization = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| UNAUTHORIZED)?;
    authorization.set_sensitive(true);
    let asked = shared
        .api
        .ask_json("/api/internal/identity".to_owned(), Some(authorization));
    let identity = match timeout(API_TIME, asked).await {
        Ok(Ok(identity)) => identity,
        Ok(Err((status, _))) if status.is_client_error() => return Err(UNAUTHORIZED),
        Ok(Err(_)) | Err(_) => return Err("The control plane is not available"),
    };
    match (identity["principal"].as_str(), identity["organizationId"].as_str()) {
        (Some("user"), Some(organization)) if is_plain(organization) => {
            shared.events.feed(organization).ok_or("Too many connections")
        }
        _ => Err(UNAUTHORIZED),
    }
}

/// Goes into a query as it is.
fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// Sends frames and pings until either side ends.
async fn stream(socket: &mut WebSocket, mut frames: Receiver<Arc<str>>) {
    let mut next_ping = Instant::now() + EVENT_PING;
    let mut pong_until: Option<Instant> = None;
    loop {
        let deadline = pong_until.map_or(next_ping, |until| until.min(next_ping));
        tokio::select! {
            frame = frames.recv() => match frame {
                Ok(frame) => {
                    if !send(socket, frame.to_string()).await {
                        return;
                    }
                }
                // It fell behind; it polls anyway.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            incoming = receive(socket) => match incoming {
                None | Some(Incoming::Leave) => return,
                Some(Incoming::Pong) => pong_until = None,
                Some(Incoming::Ping) => {
                    if !send(socket, "3".to_owned()).await {
                        return;
                    }
                }
                Some(Incoming::Connect(_) | Incoming::Other) => {}
            },
            () = sleep_until(deadline) => {
                if pong_until.is_some_and(|until| until <= Instant::now()) {
                    return;
                }
                if next_ping <= Instant::now() {
                    if !send(socket, protocol::PING.to_owned()).await {
                        return;
                    }
                    next_ping += EVENT_PING;
                    pong_until = Some(Instant::now() + EVENT_PONG);
                }
            }
        }
    }
}

/// The next text frame; none at the end. WebSocket pings are answered by the library.
async fn receive(socket: &mut WebSocket) -> Option<Incoming> {
    loop {
        match socket.recv().await? {
            Ok(Message::Text(text)) => return Some(Incoming::parse(text.as_str())),
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            Ok(Message::Binary(_) | Message::Close(_)) | Err(_) => return None,
        }
    }
}

/// False if the client is gone or takes too long to read.
async fn send(socket: &mut WebSocket, frame: String) -> bool {
    matches!(
        timeout(EVENT_PONG, socket.send(Message::Text(frame.into()))).await,
        Ok(Ok(()))
    )
}

fn session_id() -> Option<String> {
    let mut bytes = [0u8; 15];
    getrandom::fill(&mut bytes).ok()?;
    Some(hex::encode(bytes))
}
