//! The signals contract under real Spin.
