//! Where the host takes in what processes write.

/// Takes what processes write, at once: it never lets them wait, and so bounds what it keeps by itself.
pub trait Sink: Send + Sync + std::fmt::Debug {
    /// Takes these bytes. Called on the threads of guests: it must be quick.
    fn put(&self, bytes: &[u8]);
}
