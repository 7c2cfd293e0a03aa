//! Promises, sorted by kind.
