//! Every bound of the front, each with its reason.

use std::time::Duration;

/// How long a positive answer to "may this caller?" is believed. A revoked key is dead within a second everywhere,
/// and a burst of calls costs the API two questions a second.
pub const ACCESS_TIME: Duration = Duration::from_millis(500);

/// Positive answers kept at once, about 300 bytes each.
pub const MAX_ACCESS: usize = 20_000;

/// Largest answer of the API that the front reads whole: 256 changed sandboxes with their labels.
pub const MAX_API_ANSWER: usize = 8 << 20;

/// How long the front waits for the API on a call's path; the API's own waits are at most 60 s, these do not wait.
pub const API_TIME: Duration = Duration::from_secs(10);

/// Toolbox calls in flight: twice what one runner takes.
pub const MAX_CALLS: usize = 8_192;

/// Largest upload. A sandbox's disk is tens of GiB; one transfer beyond this is better cut in pieces.
pub const MAX_UPLOAD: usize = 16 << 30;

/// Bodies up to this are held in memory, so that a call which meets an old generation can be made once more.
pub const REPLAYABLE: u64 = 64 << 10;

/// Longest path and query that is forwarded.
pub const MAX_URI: usize = 16 << 10;

/// Activity of one sandbox is reported once in this time; auto-stop counts minutes.
pub const ACTIVITY_EVERY: Duration = Duration::from_secs(50);

/// Sandboxes whose last report of activity is remembered.
pub const MAX_ACTIVE: usize = 50_000;

/// Runners linked at once.
pub const MAX_LINKS: usize = 4_096;

/// From the 101 answer to a working HTTP/2 connection.
pub const LINK_TIME: Duration = Duration::from_secs(10);

/// Silence after which a link is pinged, and how long the answer may take: a runner that was cut off is noticed
/// within half a minute.
pub const PING_EVERY: Duration = Duration::from_secs(15);
/// See [`PING_EVERY`].
pub const PING_TIME: Duration = Duration::from_secs(10);

/// Bytes in flight on one call and on one link: enough for a gigabit at 100 ms, little enough for a thousand calls.
pub const STREAM_WINDOW: u32 = 1 << 20;
/// See [`STREAM_WINDOW`].
pub const LINK_WINDOW: u32 = 16 << 20;
/// Bytes of one upload that wait for a slow runner.
pub const SEND_BUFFER: usize = 1 << 20;

/// Event sockets of one organization; each client object of an SDK has one.
pub const MAX_SOCKETS: usize = 1_000;

/// Event sockets before and after authentication, over all organizations.
pub const MAX_ALL_SOCKETS: usize = 20_000;

/// Largest frame that a client may send on an event socket, as it is told (the value that SDKs know).
pub const MAX_EVENT_FRAME: usize = 1_000_000;

/// Bytes of events that wait for a slow client before its socket is dropped.
pub const MAX_EVENT_BACKLOG: usize = 4 << 20;

/// Engine.IO's heartbeat, told to the client: the server pings each interval and waits the timeout for the pong.
pub const EVENT_PING: Duration = Duration::from_secs(25);
/// See [`EVENT_PING`].
pub const EVENT_PONG: Duration = Duration::from_secs(20);

/// From the WebSocket's opening to the socket.io CONNECT; SDKs send it at once.
pub const EVENT_CONNECT: Duration = Duration::from_secs(10);

/// Events that one slow socket may fall behind before it misses some; SDKs poll once a second beside them.
pub const EVENT_QUEUE: usize = 512;

/// How long one question for changes is held by the API.
pub const CHANGES_HOLD: Duration = Duration::from_secs(25);

/// Sandboxes of one organization whose last state is remembered, to tell the old one in events.
pub const MAX_KNOWN: usize = 50_000;

/// WebSockets at once: a runner's share of streams, apart from calls, so that open terminals do not use up the places of calls.
pub const MAX_TUNNELS: usize = 4_096;

/// From our agreement to a WebSocket until both sides are open.
pub const UPGRADE_TIME: Duration = Duration::from_secs(10);

/// Bytes of one direction of a WebSocket that the front holds.
pub const TUNNEL_BUFFER: usize = 16 << 10;

/// Silence in both directions after which a WebSocket is closed: a terminal left open over night lives, one whose client was
/// unplugged does not live for ever.
pub const TUNNEL_IDLE: Duration = Duration::from_secs(12 * 3600);

/// How long a side may take to read what waits for it.
pub const TUNNEL_STALL: Duration = Duration::from_secs(60);

/// How long the other direction goes on when one has ended: a close frame's answer.
pub const TUNNEL_LINGER: Duration = Duration::from_secs(5);

/// How often an open access is asked again. With [`ACCESS_TIME`] on top, a revoked key's tunnels end within a second.
pub const RECHECK_EVERY: Duration = Duration::from_millis(350);

/// Questions of all open accesses together in a second: about a tenth of what one core of the API answers.
pub const RECHECKS_PER_SECOND: u32 = 500;

/// Age of a yes beyond which nothing moves through an open tunnel or answer.
pub const ACCESS_LIMIT: Duration = Duration::from_millis(900);

/// How long open tunnels live while the API answers nobody: a restart of the control plane cuts no terminal.
pub const UNANSWERED: Duration = Duration::from_secs(30);

/// Between two announcements of which runners are linked here, if nothing changes.
pub const LINKS_EVERY: Duration = Duration::from_secs(20);

/// Between two ticks of the fleet.
pub const TICK_EVERY: Duration = Duration::from_secs(1);

/// Largest runner component that is passed on.
pub const MAX_COMPONENT: usize = 16 << 20;

/// How long a runner may take to compile, check and start a new component.
pub const COMPONENT_TIME: Duration = Duration::from_secs(120);

/// How long a runner may take to show its metrics.
pub const METRICS_TIME: Duration = Duration::from_secs(10);

/// Time between two pieces of a request's body: a sender slower than this is holding a place on purpose.
pub const BODY_STALL: Duration = Duration::from_secs(60);

/// Between two tries to tell the plane which runners are linked.
pub const LINKS_RETRY: Duration = Duration::from_secs(1);

/// How long a browser keeps a preview's token as a cookie.
pub const COOKIE_SECONDS: u32 = 3_600;

/// Longest preview token that is looked at.
pub const MAX_PREVIEW_TOKEN: usize = 256;

/// Blobs that runners move at the same time. Each holds a file and a few pieces in memory; runners try again.
pub const MAX_BLOB_CALLS: usize = 64;
