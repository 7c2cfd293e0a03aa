//! Embedded SQLite with group commit.
