//! A directory listing that is read bit by bit, within a bound.

use std::sync::Arc;
use std::vec;

use crate::tree::{Directory, Tree};
use crate::usage::Account;
use crate::{Entry, Result};

/// The entries of one directory at the time it was opened. Its memory counts against
/// [`MAX_LISTED`](crate::MAX_LISTED) until it is dropped.
#[derive(Debug)]
pub struct Listing {
    entries: vec::IntoIter<Entry>,
    taken: u64,
    account: Arc<Account>,
}

impl Iterator for Listing {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        self.entries.next()
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        self.account.unlist(self.taken);
    }
}

impl Tree {
    /// As [`Tree::read_dir_at`], for a caller that keeps the listing for as long as a guest likes.
    ///
    /// # Errors
    /// [`Error::Handles`](crate::Error::Handles) if unread listings already hold too much.
    pub fn listing_at(&self, base: &Directory, path: &str) -> Result<Listing> {
        let entries = self.read_dir_at(base, path)?;
        // An empty listing costs something, too.
        let taken = entries.len() as u64 + 1;
        self.account().list(taken)?;
        Ok(Listing {
            entries: entries.into_iter(),
            taken,
            account: Arc::clone(self.account()),
        })
    }
}
