//! HTTP/1.1 by the sandbox's own network. Connections, TLS, heads and bodies are those of the tools.

#[path = "../../tools/src/net/base64.rs"]
pub mod base64;
#[path = "../../tools/src/net/connection.rs"]
#[allow(dead_code)]
pub mod connection;
#[path = "../../tools/src/net/http.rs"]
pub mod http;
#[path = "../../tools/src/net/tls.rs"]
#[allow(dead_code)]
mod tls;
#[path = "../../tools/src/net/url.rs"]
#[allow(dead_code)]
pub mod url;

pub use tls::Trust;
