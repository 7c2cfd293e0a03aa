//! The store contract under real Spin.
