//! The fourth migration: how sandboxes of an image begin. Released: never edited.

pub(super) const STATEMENTS: &[&str] = &["ALTER TABLE sandboxes ADD COLUMN launch TEXT NOT NULL DEFAULT '{}'"];
