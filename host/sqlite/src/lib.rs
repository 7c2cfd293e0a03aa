//! Embedded SQLite with group commit: the native back end of `sandbar-store`.
//!
//! One thread owns the one connection that writes. It takes verbs from a bounded queue, in which a flood of reports
//! leaves room for those who wait for a sync, and runs a batch of them as
//! savepoints of one transaction: each still happens wholly or not at all, but pages that several of them touch
//! are written once. It commits, and makes all of the batch durable by a single `fdatasync` of the write-ahead
//! log before any of them is answered; while it syncs, the next batch gathers. So a verb costs one sync at most,
//! and many callers share it. Reads run on connections of their own and never wait for the writer.
//!
//! Which answers wait for which sync:
//!
//! | verb | answered |
//! | --- | --- |
//! | everything that changes facts | after the sync that covers it |
//! | `report`, `touch_keys`, `set_verdicts`, `set_connected`, `record_refusal` | after its commit: what it says is said again, or may be missed |
//! | `claim_jobs` | after its commit: it runs first in its batch, so all it sees was durable before; an order may not leave before its intent is |
//! | `changes`, `runner_sandboxes` | after the sync of everything committed before: a position or a removed file cannot be taken back |
//! | other reads | at once; for an instant they may show a commit whose own answer still waits |
//!
//! A read that begins after a write was answered sees that write. A failed sync ends all writing until the
//! process restarts: the kernel may have dropped the pages, so a second attempt would prove nothing.
//!
//! With the log's file already allocated, one more sync comes only when the log starts over, every few thousand
//! pages, for its new header. Copying the log into the database is done beside the writer, by a second thread.

mod checkpoint;
mod connection;
mod error;
#[cfg(feature = "fault")]
pub mod fault;
mod lock;
mod log_file;
mod metrics;
mod native;
mod options;
mod progress;
mod queue;
mod readers;
mod store;
mod verbs;
mod writer;

pub use error::OpenError;
pub use metrics::{Metrics, MetricsSnapshot};
pub use options::Options;
pub use store::SqliteStore;
