//! The store's verbs and SQL, once, over a tiny Sql trait.
