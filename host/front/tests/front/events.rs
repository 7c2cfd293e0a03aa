//! The event stream.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use crate::setup::setup;

#[tokio::test]
async fn the_event_stream_speaks_socket_io() {
    let setup = setup().await;
    let url = format!("ws://{}/api/socket.io/?EIO=4&transport=websocket", setup.address);
    for (token, first) in [("nobody", "44"), ("user", "40")] {
        let (mut socket, _) = tokio_tungstenite::connect_async(&url).await.expect("a WebSocket");
        let open = text(&mut socket).await;
        assert!(
            open.starts_with("0{") && open.contains("\"pingInterval\":25000"),
            "{open}"
        );
        socket
            .send(Message::text(format!("40{{\"token\":\"{token}\"}}")))
            .await
            .expect("sent");
        let answer = text(&mut socket).await;
        assert!(answer.starts_with(first), "{token}: {answer}");
        if first == "40" {
            let event = text(&mut socket).await;
            assert!(event.starts_with("42[\"sandbox.state.updated\",{"), "{event}");
            assert!(event.contains("\"newState\":\"started\""), "{event}");
            socket.send(Message::text("41")).await.expect("sent");
            let end = tokio::time::timeout(Duration::from_secs(5), socket.next())
                .await
                .expect("closed in time");
            assert!(matches!(end, None | Some(Err(_) | Ok(Message::Close(_)))), "{end:?}");
        }
    }
}

async fn text<S>(socket: &mut tokio_tungstenite::WebSocketStream<S>) -> String
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let frame = tokio::time::timeout(Duration::from_secs(5), socket.next())
        .await
        .expect("a frame in time");
    frame
        .expect("not closed")
        .expect("a frame")
        .into_text()
        .expect("text")
        .to_string()
}
