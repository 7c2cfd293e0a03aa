//! WebSockets to the cell, over HTTP/2.

use crate::client::Client;
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use hyper::ext::Protocol;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::time::Duration;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

/// A frame that does not come within this is lost.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Socket {
    stream: WebSocketStream<TokioIo<Upgraded>>,
    /// The subprotocol that the server chose.
    pub protocol: Option<String>,
    /// Why the server closed, once it has.
    pub closed: Option<CloseFrame>,
}

impl Client {
    /// Opens a WebSocket, or gives the status with which that is refused.
    pub async fn socket(&self, path: &str, protocols: &str) -> Result<Socket, StatusCode> {
        let mut request = Request::builder()
            .method(Method::CONNECT)
            .uri(format!("http://cell/toolbox/s{path}"))
            .header("sec-websocket-version", "13");
        if !protocols.is_empty() {
            request = request.header("sec-websocket-protocol", protocols);
        }
        let mut request = request.body(Full::new(Bytes::new())).expect("a request");
        request.extensions_mut().insert(Protocol::from_static("websocket"));
        let mut sender = self.sender();
        // The peer's settings say whether it takes extended CONNECT: they come first.
        tokio::time::timeout(PATIENCE, sender.ready())
            .await
            .expect("in time")
            .expect("a connection");
        let response = sender.send_request(request).await.expect("an answer");
        if response.status() != 200 {
            return Err(response.status());
        }
        let protocol = response
            .headers()
            .get("sec-websocket-protocol")
            .map(|value| value.to_str().expect("text").to_owned());
        let upgraded = hyper::upgrade::on(response).await.expect("an upgrade");
        let stream = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Client, None).await;
        Ok(Socket {
            stream,
            protocol,
            closed: None,
        })
    }
}

impl Socket {
    pub async fn send(&mut self, message: Message) {
        self.stream.send(message).await.expect("the socket is open");
    }

    pub async fn types(&mut self, text: &str) {
        self.send(Message::binary(text.as_bytes().to_vec())).await;
    }

    /// The next text or binary frame; none once the server has closed.
    pub async fn next(&mut self) -> Option<Message> {
        tokio::time::timeout(PATIENCE, self.frame())
            .await
            .expect("a frame in time")
    }

    async fn frame(&mut self) -> Option<Message> {
        loop {
            match self.stream.next().await? {
                Ok(Message::Close(frame)) => self.closed = frame,
                Ok(message @ (Message::Text(_) | Message::Binary(_))) => return Some(message),
                Ok(_) => {}
                Err(error) => panic!("the socket broke: {error}; {:?}", self.closed),
            }
        }
    }

    /// The next frame, as JSON text.
    pub async fn json(&mut self) -> Value {
        match self.next().await {
            Some(Message::Text(text)) => serde_json::from_str(text.as_str()).expect("JSON"),
            other => panic!("no text: {other:?}, closed {:?}", self.closed),
        }
    }

    /// Binary frames until their bytes contain `wanted`; everything so far.
    pub async fn until(&mut self, wanted: &str) -> String {
        self.until_within(wanted, PATIENCE / 2).await
    }

    /// The same, with a limit to each frame's wait.
    pub async fn until_within(&mut self, wanted: &str, patience: Duration) -> String {
        let mut seen = String::new();
        let mut searched = 0;
        while !seen[searched..].contains(wanted) {
            searched = seen.floor_char_boundary(seen.len().saturating_sub(wanted.len()));
            let next = tokio::time::timeout(patience, self.frame()).await;
            match next.unwrap_or_else(|_| panic!("{wanted:?} does not come after {seen:?}")) {
                Some(Message::Binary(bytes)) => seen.push_str(&String::from_utf8_lossy(&bytes)),
                other => panic!(
                    "{other:?} instead of {wanted:?} after {seen:?}; closed {:?}",
                    self.closed
                ),
            }
        }
        seen
    }

    /// All binary bytes until the server closes.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(message) = self.next().await {
            if let Message::Binary(bytes) = message {
                all.extend_from_slice(&bytes);
            }
        }
        all
    }

    /// Code and reason with which the server closed.
    #[track_caller]
    pub fn close_code(&self) -> (u16, String) {
        let frame = self.closed.as_ref().expect("closed with a frame");
        (frame.code.into(), frame.reason.to_string())
    }
}
