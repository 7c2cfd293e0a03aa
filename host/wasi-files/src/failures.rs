//! `sandbar:files/failures`: why the last call failed, where WASI has no word for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use sandbar_files::Error;

use crate::FilesView;
use crate::bindings::sandbar::files::failures::{Host, Reason};

/// Where the streams and calls of one process note why they failed. Clones are the same place.
#[derive(Debug, Clone, Default)]
pub struct Failure(Arc<AtomicU8>);

const NONE: u8 = 0;
const NO_SPACE: u8 = 1;
const TOO_LARGE: u8 = 2;
const TOO_MANY_FILES: u8 = 3;

impl Failure {
    /// Notes why a write or an open failed. An error that WASI has a word for takes the place of what was noted before.
    pub fn note(&self, error: &Error) {
        let reason = match error {
            Error::Quota | Error::NoSpace => NO_SPACE,
            Error::TooLarge => TOO_LARGE,
            Error::Handles => TOO_MANY_FILES,
            _ => NONE,
        };
        // One process is one thread at a time: nothing else is ordered by this.
        self.0.store(reason, Ordering::Relaxed);
    }

    fn take(&self) -> Option<Reason> {
        match self.0.swap(NONE, Ordering::Relaxed) {
            NO_SPACE => Some(Reason::NoSpace),
            TOO_LARGE => Some(Reason::TooLarge),
            TOO_MANY_FILES => Some(Reason::TooManyFiles),
            _ => None,
        }
    }
}

impl Host for FilesView<'_> {
    fn take(&mut self) -> wasmtime::Result<Option<Reason>> {
        Ok(self.ctx.failure.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_failure_is_told_once() {
        let failure = Failure::default();
        assert!(failure.take().is_none());
        failure.note(&Error::Handles);
        failure.clone().note(&Error::Quota);
        assert!(matches!(failure.take(), Some(Reason::NoSpace)));
        assert!(failure.take().is_none());
        failure.note(&Error::NoSpace);
        failure.note(&Error::BadDescriptor);
        assert!(failure.take().is_none());
    }
}
