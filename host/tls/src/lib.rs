//! TLS for guests, done by the host.
#![forbid(unsafe_code)]
