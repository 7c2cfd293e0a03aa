//! Every bound of the control plane's host, each with its reason.

use std::time::Duration;

/// Requests inside components at once. Most of them are long polls (one per runner, one per organization with
/// listeners), which cost a few KiB each; at 16 per instance this is 512 instances, within the engine's pool.
pub const MAX_REQUESTS: usize = 8_192;

/// How long a request waits for a place when [`MAX_REQUESTS`] are inside. After that it is told to come again:
/// a queue that grows without bound only hides the overload.
pub const QUEUE_TIME: Duration = Duration::from_millis(500);

/// Requests that may wait for a place at once.
pub const MAX_QUEUED: usize = 1_024;

/// Requests that one instance serves in its life; Spin's default, so both hosts show the same interleavings.
pub const INSTANCE_REUSE: usize = 128;

/// Requests inside one instance at once; Spin's default.
pub const INSTANCE_CONCURRENCY: usize = 16;

/// How long an idle instance is kept; Spin's default.
pub const INSTANCE_IDLE: Duration = Duration::from_secs(1);

/// Longest time a component may take to answer. The longest legitimate one is a 60 s long poll.
pub const REQUEST_TIME: Duration = Duration::from_secs(90);

/// How long an instance that answered may go on with work after the answer.
pub const POST_RETURN_TIME: Duration = Duration::from_secs(10);

/// Largest request body that reaches a component. The biggest legitimate one is a runner's report of a few
/// thousand sandboxes; file uploads go to the toolbox, not here.
pub const MAX_BODY: u64 = 8 << 20;

/// Largest sum of header names and values of a request: four times what browsers and SDKs send.
pub const MAX_HEADER_BYTES: usize = 32 << 10;

/// Most headers of a request.
pub const MAX_HEADERS: usize = 128;

/// Longest path and query. Listing by 200 ids fits.
pub const MAX_URI: usize = 16 << 10;

/// Linear memory of one control-plane instance.
pub const INSTANCE_MEMORY: usize = 256 << 20;

/// Linear memory of one dependency instance: it holds one window of at most 256 runners.
pub const DEPENDENCY_MEMORY: usize = 64 << 20;

/// Time that a dependency in a store of its own has for one answer. A placement over 256 candidates takes far
/// less than a millisecond; 50 ms is what a create can lose without anybody noticing.
pub const DEPENDENCY_TIME: Duration = Duration::from_millis(50);

/// Calls that one dependency instance answers before it is replaced, so that a leak in it stays small.
pub const DEPENDENCY_REUSE: u32 = 10_000;

/// Idle instances kept for each dependency. Calls are short, so few run at once on any machine.
pub const DEPENDENCY_POOL: usize = 16;

/// Longest signal key.
pub const MAX_SIGNAL_KEY: usize = 128;

/// Keys that the signals remember, over all shards; those without waiters are forgotten first. One per runner,
/// sandbox in motion and organization: about 200 bytes each.
pub const MAX_SIGNAL_KEYS: usize = 65_536;

/// Longest single wait for a signal.
pub const MAX_SIGNAL_WAIT: Duration = Duration::from_secs(60);

/// Series (name and labels) that the metrics keep; beyond that new ones are dropped and counted.
pub const MAX_SERIES: usize = 10_000;

/// Labels of one series.
pub const MAX_LABELS: usize = 8;

/// Bytes of one label value.
pub const MAX_LABEL_VALUE: usize = 128;

/// Bytes of a metric's or a label's name.
pub const MAX_METRIC_NAME: usize = 96;

/// Largest manifest.
pub const MAX_MANIFEST: u64 = 1 << 20;

/// Bytes of one variable's value.
pub const MAX_VARIABLE: usize = 64 << 10;

/// How long a shutdown waits for requests in flight.
pub const SHUTDOWN_TIME: Duration = Duration::from_secs(10);

/// Of a body that is refused for its size, this much is still read, so that its sender gets the answer.
pub const DRAIN_BYTES: u64 = 16 << 20;

/// And for this long.
pub const DRAIN_TIME: Duration = Duration::from_secs(2);
