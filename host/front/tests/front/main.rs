//! The front on a real listener, with a runner that dials in as real ones do, and an API that the test plays.

mod blobs;
mod calls;
mod events;
mod previews;
mod runners;
mod setup;
mod websockets;
