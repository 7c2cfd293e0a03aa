//! Calls that block, on threads made for them.

use crate::error::ApiError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs a call that blocks for as long as the disk takes.
///
/// # Errors
/// The call's own, or 500 if it panicked.
pub async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(call)
        .await
        .unwrap_or_else(|error| Err(ApiError::internal(error)))
}

/// Tells a long walk over files that nobody waits for it any more.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// # Errors
    /// Once the caller has gone; the error reaches nobody.
    pub fn check(&self) -> Result<(), ApiError> {
        if self.0.load(Ordering::Relaxed) {
            return Err(ApiError::bad_request("the caller has gone"));
        }
        Ok(())
    }
}

/// Like [`blocking`], for a walk that looks at its [`Cancel`] now and then.
///
/// # Errors
/// As [`blocking`].
pub async fn walking<T: Send + 'static>(
    call: impl FnOnce(&Cancel) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    struct OnDrop(Cancel);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.0.store(true, Ordering::Relaxed);
        }
    }
    let cancel = Cancel::default();
    let _gone = OnDrop(cancel.clone());
    blocking(move || call(&cancel)).await
}
