//! The metrics contract under real Spin.
