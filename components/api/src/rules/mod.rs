//! What a caller may send, and which step of its life a sandbox may take. No I/O.

pub mod dockerfile;
pub mod due;
pub mod lifecycle;
pub mod permissions;
pub mod preview;
pub mod refusal;
pub mod snapshots;
pub mod text;
pub mod variables;
