//! The programs that were used last.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Loaded;
use super::read::Digest;
use crate::limits::MAX_LOADED;

/// The last used first.
#[derive(Default)]
pub(crate) struct Recent(VecDeque<(Digest, Arc<Loaded>)>);

impl Recent {
    pub(crate) fn get(&mut self, digest: &Digest) -> Option<Arc<Loaded>> {
        let place = self.0.iter().position(|(known, _)| known == digest)?;
        let found = self.0.remove(place)?;
        let loaded = Arc::clone(&found.1);
        self.0.push_front(found);
        Some(loaded)
    }

    pub(crate) fn put(&mut self, digest: Digest, loaded: Arc<Loaded>) {
        self.0.retain(|(known, _)| *known != digest);
        self.0.push_front((digest, loaded));
        self.0.truncate(MAX_LOADED);
    }
}
