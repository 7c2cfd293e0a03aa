//! Frames of Engine.IO 4 and socket.io, as text.

use serde_json::{Value, json};

use crate::limits::{EVENT_PING, EVENT_PONG, MAX_EVENT_FRAME};

/// The server's ping.
pub const PING: &str = "2";

/// What a client may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// socket.io CONNECT with the bearer token; none if it brought none.
    Connect(Option<String>),
    /// Answer to a ping.
    Pong,
    /// A ping of the client's own; answered by a pong.
    Ping,
    /// The client leaves.
    Leave,
    /// Anything else: events and acknowledgements mean nothing to this server.
    Other,
}

impl Incoming {
    /// Reads a text frame.
    pub fn parse(text: &str) -> Self {
        match text.as_bytes() {
            [b'1', ..] | [b'4', b'1', ..] => Self::Leave,
            [b'2', ..] => Self::Ping,
            [b'3', ..] => Self::Pong,
            [b'4', b'0', ..] => Self::Connect(token(&text[2..])),
            _ => Self::Other,
        }
    }
}

/// `{"token": …}`, after an optional default namespace `/,`.
fn token(payload: &str) -> Option<String> {
    let payload = payload.strip_prefix("/,").unwrap_or(payload);
    let value: Value = serde_json::from_str(payload).ok()?;
    let token = value.get("token")?.as_str()?;
    (!token.is_empty()).then(|| token.strip_prefix("Bearer ").unwrap_or(token).to_owned())
}

/// Engine.IO open.
pub fn open(sid: &str) -> String {
    let handshake = json!({
        "sid": sid,
        "upgrades": [],
        "pingInterval": EVENT_PING.as_millis(),
        "pingTimeout": EVENT_PONG.as_millis(),
        "maxPayload": MAX_EVENT_FRAME,
    });
    format!("0{handshake}")
}

/// socket.io CONNECT, accepted.
pub fn connected(sid: &str) -> String {
    format!("40{}", json!({ "sid": sid }))
}

/// socket.io CONNECT, refused.
pub fn refused(message: &str) -> String {
    format!("44{}", json!({ "message": message }))
}

/// A socket.io event.
pub fn event(name: &str, payload: &Value) -> String {
    format!("42{}", json!([name, payload]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_sdks_send() {
        let connect = Incoming::Connect(Some("abc".into()));
        assert_eq!(Incoming::parse(r#"40{"token":"abc"}"#), connect);
        assert_eq!(Incoming::parse(r#"40/,{"token":"Bearer abc"}"#), connect);
        assert_eq!(Incoming::parse("3"), Incoming::Pong);
        assert_eq!(Incoming::parse("41"), Incoming::Leave);
        assert_eq!(Incoming::parse("1"), Incoming::Leave);
        assert_eq!(Incoming::parse(r#"42["x"]"#), Incoming::Other);
    }

    #[test]
    fn survives_nonsense() {
        for text in [
            "",
            "4",
            "40",
            "40{",
            "40{\"token\":7}",
            "40{\"token\":\"\"}",
            "é",
            "4é",
            "9",
        ] {
            let parsed = Incoming::parse(text);
            assert!(
                matches!(parsed, Incoming::Connect(None) | Incoming::Other),
                "{text}: {parsed:?}"
            );
        }
    }

    #[test]
    fn writes_the_documented_frames() {
        assert_eq!(
            open("s"),
            r#"0{"maxPayload":1000000,"pingInterval":25000,"pingTimeout":20000,"sid":"s","upgrades":[]}"#
        );
        assert_eq!(connected("s"), r#"40{"sid":"s"}"#);
        assert_eq!(refused("Unauthorized"), r#"44{"message":"Unauthorized"}"#);
        assert_eq!(event("e", &json!({"a": 1})), r#"42["e",{"a":1}]"#);
    }
}
