//! The verbs of `wit/store`, each by its way: through the writer, or on a connection that reads.

use sandbar_store::*;

use crate::{SqliteStore, native::ready, writer::Durability};

/// One method for each line of the contract's list.
macro_rules! methods {
    ($($mode:ident $verb:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        /// The verbs of `wit/store`. Their meaning and errors are documented at the functions of the same name in
        /// [`sandbar_store::verbs`], when they answer at this crate.
        #[expect(clippy::too_many_arguments, reason = "they are the contract's")]
        impl SqliteStore {
            $(
                #[doc = concat!("See [`verbs::", stringify!($verb), "`].")]
                ///
                /// # Errors
                /// Those of the verb; `unavailable` if too many wait, or nothing is written any more.
                pub async fn $verb(&self, $($argument: $kind),*) -> Result<$answer> {
                    methods!(@$mode self, move |sql| ready(verbs::$verb(sql $(, Lend::lend(&$argument))*)))
                }
            )*
        }
    };
    (@synced $store:ident, $verb:expr) => { $store.write(Durability::Synced, $verb).await };
    (@earlier $store:ident, $verb:expr) => { $store.write(Durability::AfterEarlier, $verb).await };
    (@relaxed $store:ident, $verb:expr) => { $store.write(Durability::Relaxed, $verb).await };
    (@point $store:ident, $verb:expr) => { $store.readers().point($verb).await };
    (@scan $store:ident, $verb:expr) => { $store.readers().scan($verb).await };
    (@durable $store:ident, $verb:expr) => {{
        let found = $store.readers().scan($verb).await?;
        $store.durable().await?;
        Ok(found)
    }};
}

with_verbs!(methods);
