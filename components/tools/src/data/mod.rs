//! Tools for data: JSON, archives and compression. They are a component of their own, so that nothing else waits for
//! their code.

pub mod codec;
pub mod compress;
pub mod jq;
pub mod tar;
pub mod zip;
