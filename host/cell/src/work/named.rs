//! Things by name, so many of them at most.

use crate::error::{ApiError, Code};
use http::StatusCode;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// See the module.
#[derive(Debug)]
pub struct Named<T> {
    /// What such a thing is called in errors.
    kind: &'static str,
    most: usize,
    things: Mutex<BTreeMap<String, Arc<T>>>,
}

impl<T> Named<T> {
    /// None yet.
    #[must_use]
    pub fn new(kind: &'static str, most: usize) -> Self {
        Self {
            kind,
            most,
            things: Mutex::default(),
        }
    }

    /// Makes one more under a name; one of that name for which `gone` holds is replaced.
    ///
    /// # Errors
    /// 409 if the name is taken, 429 if there are too many, or what `make` says.
    pub fn make(
        &self,
        name: &str,
        gone: impl Fn(&T) -> bool,
        make: impl FnOnce() -> Result<Arc<T>, ApiError>,
    ) -> Result<Arc<T>, ApiError> {
        // Held while it is made: two of one name cannot both begin.
        let mut things = self.lock();
        let old = things.get(name).cloned();
        if old.as_ref().is_some_and(|old| !gone(old)) {
            return Err(ApiError::new(
                StatusCode::CONFLICT,
                Code::Conflict,
                format!("{} {name:?} exists already", self.kind),
            ));
        }
        if old.is_none() && things.len() >= self.most {
            // Those that are over make room first.
            let over = things
                .iter()
                .find(|(_, thing)| gone(thing))
                .map(|(name, _)| name.clone());
            let Some(over) = over else {
                return Err(ApiError::busy(format!(
                    "the sandbox has {} {}s already; delete one first",
                    self.most, self.kind
                )));
            };
            things.remove(&over);
        }
        let made = make()?;
        things.insert(name.to_owned(), Arc::clone(&made));
        Ok(made)
    }

    /// The one of this name.
    ///
    /// # Errors
    /// 404.
    pub fn get(&self, name: &str) -> Result<Arc<T>, ApiError> {
        let found = self.lock().get(name).cloned();
        found.ok_or_else(|| ApiError::not_found(format!("no {} {name:?}", self.kind)))
    }

    /// Takes one out.
    ///
    /// # Errors
    /// 404.
    pub fn remove(&self, name: &str) -> Result<Arc<T>, ApiError> {
        let found = self.lock().remove(name);
        found.ok_or_else(|| ApiError::not_found(format!("no {} {name:?}", self.kind)))
    }

    /// All, by name.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<T>> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<T>>> {
        self.things.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
