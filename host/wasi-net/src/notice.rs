//! Telling somebody why the network refused something: a program learns an error code only.

use std::sync::Arc;

use sandbar_net::Refusal;

type Ear = dyn Fn(&str, &Refusal) + Send + Sync;

/// Hears what was wanted (an address or a name) and why it was refused. Clones are the same ear.
#[derive(Clone)]
pub struct Notice(Arc<Ear>);

impl Notice {
    /// `hear` is called in the middle of a program's call: it must not wait.
    pub fn new(hear: impl Fn(&str, &Refusal) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hear))
    }

    /// Nobody hears.
    #[must_use]
    pub fn nobody() -> Self {
        Self::new(|_, _| {})
    }

    pub(crate) fn tell(&self, wanted: &dyn std::fmt::Display, refusal: &Refusal) {
        (self.0)(&wanted.to_string(), refusal);
    }
}

impl std::fmt::Debug for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Notice")
    }
}
