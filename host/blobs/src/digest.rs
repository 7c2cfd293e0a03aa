//! The name of a blob.

use std::fmt;

/// A SHA-256 in hex, lower case: also a safe name of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

impl Digest {
    /// Reads 64 hex digits in lower case; none if it is anything else.
    #[must_use]
    pub fn parse(hex: &str) -> Option<Self> {
        let fits = hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| Self(hex.to_owned()))
    }

    /// Of a finished hash.
    pub(crate) fn of(hash: sha2::Sha256) -> Self {
        let digest = sha2::Digest::finalize(hash);
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn only_digests_are_names() {
        assert!(Digest::parse(&"0a".repeat(32)).is_some());
        for bad in [
            "",
            "..",
            &"0A".repeat(32),
            &"0a".repeat(31),
            &"0a".repeat(33),
            &"../".repeat(21),
        ] {
            assert!(Digest::parse(bad).is_none(), "{bad:?}");
        }
    }
}
