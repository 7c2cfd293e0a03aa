//! The logs of a session's command: at once, or followed over a WebSocket or a plain stream.

use super::download::channel_body;
use super::sessions::{CommandId, find_command, find_entrypoint, logs_of};
use crate::call::{Call, Parameters, PathOf};
use crate::error::ApiError;
use crate::limits::{LOG_PIECE, WRITE_PATIENCE};
use crate::work::command::Command;
use crate::work::log::{Log, Piece, split};
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use serde::Deserialize;
use std::sync::Arc;

/// Says which SDK asks.
const SDK_VERSION: &str = "x-daytona-sdk-version";
/// Says that the caller wants the split form, whatever it is.
const SPLIT_OUTPUT: &str = "x-daytona-split-output";

/// `?follow=`
#[derive(Deserialize)]
pub struct LogParameters {
    #[serde(default)]
    follow: bool,
}

/// `GET …/command/{cmdId}/logs`
pub async fn logs(
    call: Call,
    PathOf(id): PathOf<CommandId>,
    Parameters(parameters): Parameters<LogParameters>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let command = find_command(&call, &id)?;
    Ok(answer(call, &command, &parameters, &headers, upgrade))
}

/// `GET …/session/entrypoint/logs`
pub async fn entrypoint(
    call: Call,
    Parameters(parameters): Parameters<LogParameters>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let command = find_entrypoint(&call)?;
    Ok(answer(call, &command, &parameters, &headers, upgrade))
}

fn answer(
    call: Call,
    command: &Arc<Command>,
    parameters: &LogParameters,
    headers: &HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if let Ok(upgrade) = upgrade {
        let log = Arc::clone(&command.log);
        return upgrade.on_upgrade(move |socket| async move {
            follow(socket, &log).await;
            drop(call);
        });
    }
    if parameters.follow {
        return stream(call, Arc::clone(&command.log));
    }
    at_once(command, headers)
}

/// The log so far, in the form that this client knows.
fn at_once(command: &Command, headers: &HeaderMap) -> Response {
    match form(headers) {
        Form::Split => axum::Json(logs_of(command)).into_response(),
        Form::Marked => command.log.all().into_response(),
        Form::Plain => {
            let (mut out, err) = split(&command.log.all());
            out.push_str(&err);
            out.into_response()
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Form {
    Split,
    Marked,
    Plain,
}

fn form(headers: &HeaderMap) -> Form {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if header(SPLIT_OUTPUT).is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Form::Split;
    }
    let Some(version) = header(SDK_VERSION) else {
        // Whoever speaks HTTP by hand wants the documented form.
        return Form::Split;
    };
    let mut numbers = version
        .trim_start_matches('v')
        .split('.')
        .map(|part| part.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(0), Some(minor)) if minor < 27 => Form::Plain,
        (Some(0), Some(minor)) if minor < 167 => Form::Marked,
        _ => Form::Split,
    }
}

/// Sends the log from its start, and closes with 1000 when the command has ended.
async fn follow(mut socket: WebSocket, log: &Log) {
    let mut offset = 0;
    loop {
        tokio::select! {
            () = log.beyond(offset) => {}
            // Pings are answered by the library; anything else says nothing here.
            message = socket.recv() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
        }
        let piece = log.read(offset, LOG_PIECE);
        let Piece { next, finished, .. } = piece;
        let bytes = piece.with_notice();
        if !bytes.is_empty() {
            let sent = tokio::time::timeout(WRITE_PATIENCE, socket.send(Message::Binary(bytes))).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
        offset = next;
        if finished {
            break;
        }
    }
    let frame = CloseFrame {
        code: close_code::NORMAL,
        reason: "".into(),
    };
    close(socket, frame).await;
}

/// Closes a WebSocket, and waits a moment for the other side to do so.
pub async fn close(mut socket: WebSocket, frame: CloseFrame) {
    let closing = async {
        if socket.send(Message::Close(Some(frame))).await.is_err() {
            return;
        }
        while let Some(Ok(_)) = socket.recv().await {}
    };
    // A client that does not answer is left behind.
    let _ = tokio::time::timeout(WRITE_PATIENCE, closing).await;
}

/// The log as a plain body that grows until the command has ended.
fn stream(call: Call, log: Arc<Log>) -> Response {
    let (sender, body) = channel_body();
    tokio::spawn(async move {
        let _call = call;
        let mut offset = 0;
        loop {
            tokio::select! {
                () = log.beyond(offset) => {}
                () = sender.closed() => return,
            }
            let piece = log.read(offset, LOG_PIECE);
            let Piece { next, finished, .. } = piece;
            if sender.send(Ok(piece.with_notice())).await.is_err() || finished {
                return;
            }
            offset = next;
        }
    });
    Response::new(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn each_sdk_gets_the_form_it_knows() {
        let of = |version: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(SDK_VERSION, HeaderValue::from_static(version));
            form(&headers)
        };
        assert_eq!(of("0.226.1"), Form::Split);
        assert_eq!(of("0.167.0"), Form::Split);
        assert_eq!(of("1.0.0"), Form::Split);
        assert_eq!(of("0.166.3"), Form::Marked);
        assert_eq!(of("0.26.0"), Form::Plain);
        assert_eq!(of("nonsense"), Form::Split);
        assert_eq!(form(&HeaderMap::new()), Form::Split);
    }
}
