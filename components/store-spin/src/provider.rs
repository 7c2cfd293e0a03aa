//! The exported functions: from the contract's types to the verbs and back.

use sandbar_store::*;

use crate::{
    Component, Wire,
    bindings::exports::sandbar::store::store::{Error, Guest},
    connection::with,
};

/// One function for each line of the contract's list. The arguments are lent, for they are used again if another writer
/// was in the way.
macro_rules! functions {
    ($($mode:ident $verb:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        impl Guest for Component {
            $(
                async fn $verb(
                    $($argument: <$kind as Wire>::Wit),*
                ) -> Result<<$answer as Wire>::Wit, Error> {
                    $(let $argument: $kind = Wire::from_wit($argument);)*
                    with(|mut sql| async {
                        let done = verbs::$verb(&mut sql $(, Lend::lend(&$argument))*).await;
                        (done, sql)
                    })
                    .await
                    .map(Wire::to_wit)
                    .map_err(Error::from)
                }
            )*
        }
    };
}

with_verbs!(functions);
