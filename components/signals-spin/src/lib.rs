//! The signals contract under real Spin: a mark per key in spin:key-value, looked at now and then by those who wait.
//!
//! Keys are folded into a fixed number of marks, so that the store does not grow with every sandbox ever made. Two
//! keys that share a mark wake each other's waiters for nothing, which the contract allows.

/// Marks in the store.
const MARKS: u64 = 4_096;

/// Name of the mark of `key`.
#[must_use]
pub fn mark(key: &str) -> String {
    // FNV-1a: every instance must come to the same mark, now and after an update.
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("sandbar/signal/{}", hash % MARKS)
}

#[cfg(target_family = "wasm")]
mod provider;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_stable_and_bounded() {
        assert_eq!(mark("runner/a"), mark("runner/a"));
        let marks: std::collections::BTreeSet<String> = (0..100_000).map(|i| mark(&format!("sandbox/{i}"))).collect();
        assert!(marks.len() <= 4_096);
        assert!(marks.len() > 4_000, "keys spread over the marks: {}", marks.len());
    }
}
