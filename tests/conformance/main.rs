//! The real SDKs, unmodified, against a freshly started platform.

mod node;
mod python;
