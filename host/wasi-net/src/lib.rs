//! wasi:sockets for guests, served by a sandbox's own network.
#![forbid(unsafe_code)]
