//! Tools for the network: a component of their own, for the contracts that they import.

mod base64;
mod connection;
pub mod curl;
mod http;
pub mod ping;
mod tls;
mod url;
pub mod wget;
