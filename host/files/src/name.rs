//! Names: one component of a path, checked once, and the reserved names of the overlay.
//!
//! The markers are those of OCI layers. `.wh.NAME` in a layer hides what the layers *below* it hold
//! under NAME and says nothing about an entry NAME beside it; so a marker, once there, can stay when
//! NAME is created again, and an upper directory with a marker beside it is opaque.

use crate::{Error, MAX_NAME, Result};

const RESERVED: &str = ".wh.";
/// Entries of a layer's own bookkeeping that stand for no name.
const META: &str = ".wh..wh.";
const TEMPORARY: &str = ".wh..wh.tmp.";

/// In an upper or lower directory: nothing below shows through. Never written here, only honoured.
pub(crate) const OPAQUE: Name<'static> = Name(".wh..wh..opq");

/// Exactly one component: not empty, no `/`, no NUL, neither `.` nor `..`, within [`MAX_NAME`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name<'a>(&'a str);

impl<'a> Name<'a> {
    /// A name that a guest or client gave; reserved ones are refused.
    pub(crate) fn new(text: &'a str) -> Result<Self> {
        if text.len() > MAX_NAME {
            return Err(Error::NameTooLong);
        }
        let hostile = text.is_empty()
            || text == "."
            || text == ".."
            || text.starts_with(RESERVED)
            || text.bytes().any(|byte| byte == b'/' || byte == 0);
        if hostile { Err(Error::Invalid) } else { Ok(Self(text)) }
    }

    /// The text, for a system call relative to a directory handle.
    pub(crate) fn as_str(self) -> &'a str {
        self.0
    }
}

/// A reserved name that the layer itself makes.
#[derive(Debug)]
pub(crate) struct Marker(String);

impl Marker {
    /// What hides `name` in the layers below. Names too long for the prefix are replaced by a digest;
    /// a collision only hides one more entry of the guest's own view.
    pub(crate) fn hiding(name: Name<'_>) -> Self {
        let plain = format!("{RESERVED}{}", name.0);
        if plain.len() <= MAX_NAME {
            return Self(plain);
        }
        Self(format!("{META}long.{:016x}", fnv1a(name.0.as_bytes())))
    }

    /// The n-th temporary name of this run. Leftovers are removed when a tree is opened.
    pub(crate) fn temporary(n: u64) -> Self {
        Self(format!("{TEMPORARY}{n}"))
    }

    pub(crate) fn name(&self) -> Name<'_> {
        Name(&self.0)
    }
}

/// What an entry's name on disk means.
pub(crate) enum Class {
    /// Something to show.
    Plain,
    /// A marker of the overlay.
    Marker,
    /// Left over by a crash.
    Temporary,
}

pub(crate) fn classify(text: &str) -> Class {
    if text.starts_with(TEMPORARY) {
        Class::Temporary
    } else if text.starts_with(RESERVED) {
        Class::Marker
    } else {
        Class::Plain
    }
}

/// Whether this is the marker of a name that is too long for the prefix.
pub(crate) fn is_long_marker(text: &str) -> bool {
    text.strip_prefix(META)
        .and_then(|rest| rest.strip_prefix("long."))
        .is_some_and(|digest| {
            digest.len() == 16 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
}

/// A name read from a directory of our own, reserved ones included.
pub(crate) fn on_disk(text: &str) -> Option<Name<'_>> {
    let single = !text.is_empty() && text != "." && text != ".." && !text.contains('/');
    single.then_some(Name(text))
}

/// FNV-1a, 64 bits: stable for ever, as its results are kept on disk.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_refused() {
        for bad in ["", ".", "..", "a/b", "/", "a\0b", ".wh.x", ".wh..wh..opq"] {
            assert!(matches!(Name::new(bad), Err(Error::Invalid)), "{bad:?}");
        }
        let long = "x".repeat(MAX_NAME + 1);
        assert!(matches!(Name::new(&long), Err(Error::NameTooLong)));
        for good in ["...", "a", ".wh", "-", "\u{202e}", &long[1..]] {
            assert_eq!(Name::new(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn markers_fit_any_name() {
        let long = "x".repeat(MAX_NAME);
        let marker = Marker::hiding(Name::new(&long).unwrap());
        assert!(marker.name().as_str().len() <= MAX_NAME);
        assert!(matches!(classify(marker.name().as_str()), Class::Marker));
        let short = Marker::hiding(Name::new("a").unwrap());
        assert_eq!(short.name().as_str(), ".wh.a");
        assert!(matches!(
            classify(Marker::temporary(7).name().as_str()),
            Class::Temporary
        ));
    }
}
