//! The seal on a forwarded toolbox call.
//!
//! A runner never sees the caller's API key. What reaches it instead is the header [`FORWARD_HEADER`]: a MAC keyed
//! with the key of this one link, bound to method, path and query, sandbox, generation and expiry. The front makes
//! it with [`LinkKey::seal`]; the runner checks it with [`LinkKey::open`].

mod near;

pub use near::{Near, NearBody, Neighbourhood};

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Header of a forwarded call that carries the seal: `v1;<generation>;<expiry, ms since epoch>;<hex HMAC-SHA256>`.
pub const FORWARD_HEADER: &str = "sandbar-forward";

/// Header of the front's 101 answer that hands the link's key to the runner: 64 hex digits.
pub const LINK_KEY_HEADER: &str = "sandbar-link-key";

/// The protocol named in `Upgrade` when a runner dials `/link`.
pub const LINK_PROTOCOL: &str = "sandbar-link/1";

/// How long a seal holds. Long enough for the clocks of plane and runner to differ by some seconds and for a
/// call to queue behind others on its link; short enough that a captured seal is soon worthless.
pub const SEAL_LIFETIME: Duration = Duration::from_secs(60);

/// Longest header value that is looked at: version, two 20-digit numbers and 64 hex digits fit easily.
const MAX_HEADER: usize = 128;

const VERSION: &str = "v1";

/// Why a seal was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The header is absent, too long or not of the form `v1;<generation>;<expiry>;<hex>`.
    #[error("the forward header is missing or malformed")]
    Malformed,
    /// The MAC does not fit this call.
    #[error("the forward header does not belong to this call")]
    Forged,
    /// The MAC fits, but the time it allowed is over.
    #[error("the forward header has expired")]
    Expired,
}

/// The secret of one link, known to the front that made it and to the runner that got it in the 101 answer.
#[derive(Clone)]
pub struct LinkKey([u8; 32]);

impl std::fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkKey(..)")
    }
}

impl LinkKey {
    /// A fresh key from the system's randomness.
    ///
    /// # Errors
    /// If the system has no randomness to give.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Reads the 64 hex digits of [`LINK_KEY_HEADER`]; none if they are not that.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0u8; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// The 64 hex digits to send in [`LINK_KEY_HEADER`]. A secret: never to be logged.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// Whether it is the same key; takes constant time.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// The value of [`FORWARD_HEADER`] for one call. `expiry` is in milliseconds since the Unix epoch.
    #[must_use]
    pub fn seal(&self, call: &Call<'_>, generation: u64, expiry: u64) -> String {
        let mac = self.mac(call, generation, expiry);
        let mut digits = [0u8; 64];
        // Cannot fail: the buffer is twice as long.
        let _ = hex::encode_to_slice(mac, &mut digits);
        let mac = std::str::from_utf8(&digits).unwrap_or_default();
        format!("{VERSION};{generation};{expiry};{mac}")
    }

    /// Checks the value of [`FORWARD_HEADER`] against the call it came with, at `now` (ms since the Unix epoch),
    /// and gives the generation for which the front let the call through. Comparing takes constant time.
    ///
    /// # Errors
    /// [`SealError`]; each of them is answered 403. Whether the generation is still current is the caller's to judge.
    pub fn open(&self, call: &Call<'_>, header: &str, now: u64) -> Result<u64, SealError> {
        if header.len() > MAX_HEADER {
            return Err(SealError::Malformed);
        }
        let mut parts = header.split(';');
        let (Some(VERSION), Some(generation), Some(expiry), Some(mac), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(SealError::Malformed);
        };
        let generation: u64 = generation.parse().map_err(|_| SealError::Malformed)?;
        let expiry: u64 = expiry.parse().map_err(|_| SealError::Malformed)?;
        let mut given = [0u8; 32];
        hex::decode_to_slice(mac, &mut given).map_err(|_| SealError::Malformed)?;
        let expected = self.mac(call, generation, expiry);
        if !bool::from(expected.ct_eq(&given)) {
            return Err(SealError::Forged);
        }
        // Only after the MAC: an attacker learns nothing from which of the two failed.
        if expiry < now {
            return Err(SealError::Expired);
        }
        Ok(generation)
    }

    fn mac(&self, call: &Call<'_>, generation: u64, expiry: u64) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
        // None of the fields can hold a line break (HTTP forbids it), so the joined text is unambiguous.
        mac.update(call.method.as_bytes());
        mac.update(b"\n");
        mac.update(call.path_and_query.as_bytes());
        mac.update(b"\n");
        mac.update(call.sandbox.as_bytes());
        mac.update(format!("\n{generation}\n{expiry}").as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// What a seal binds, beside generation and expiry.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// HTTP method, upper case.
    pub method: &'a str,
    /// Path and query as they go over the link, e.g. `/toolbox/<sandbox>/files?path=a`.
    pub path_and_query: &'a str,
    /// Id of the sandbox (never its name).
    pub sandbox: &'a str,
}

/// Milliseconds since the Unix epoch by this machine's clock; 0 if it stands before 1970.
#[must_use]
pub fn now_millis() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Call<'_> = Call {
        method: "POST",
        path_and_query: "/toolbox/s1/process/execute?a=b",
        sandbox: "s1",
    };

    fn key() -> LinkKey {
        LinkKey::from_hex(&"ab".repeat(32)).expect("64 hex digits")
    }

    #[test]
    fn a_seal_opens_with_the_key_that_made_it() {
        let seal = key().seal(&CALL, 7, 2_000);
        assert_eq!(key().open(&CALL, &seal, 2_000), Ok(7));
    }

    #[test]
    fn another_key_is_refused() {
        let seal = LinkKey::generate().expect("randomness").seal(&CALL, 7, 2_000);
        assert_eq!(key().open(&CALL, &seal, 1), Err(SealError::Forged));
    }

    #[test]
    fn every_bound_field_is_bound() {
        let seal = key().seal(&CALL, 7, 2_000);
        for call in [
            Call { method: "GET", ..CALL },
            Call {
                path_and_query: "/toolbox/s1/process/execute?a=c",
                ..CALL
            },
            Call { sandbox: "s2", ..CALL },
        ] {
            assert_eq!(key().open(&call, &seal, 1), Err(SealError::Forged));
        }
        assert_eq!(
            key().open(&CALL, &seal.replacen(";7;", ";8;", 1), 1),
            Err(SealError::Forged)
        );
        assert_eq!(
            key().open(&CALL, &seal.replacen(";2000;", ";9000;", 1), 1),
            Err(SealError::Forged)
        );
    }

    #[test]
    fn an_expired_seal_is_refused() {
        let seal = key().seal(&CALL, 7, 2_000);
        assert_eq!(key().open(&CALL, &seal, 2_001), Err(SealError::Expired));
    }

    #[test]
    fn garbage_is_malformed() {
        for text in [
            "",
            "v1",
            "v1;1;2",
            "v2;1;2;00",
            "v1;x;2;00",
            "v1;1;2;zz",
            "v1;1;2;00;",
            &"v".repeat(4_000),
        ] {
            assert_eq!(key().open(&CALL, text, 1), Err(SealError::Malformed), "{text:.20}");
        }
    }

    #[test]
    fn hex_round_trips_and_debug_hides_the_key() {
        let key = LinkKey::generate().expect("randomness");
        let again = LinkKey::from_hex(&key.to_hex()).expect("own hex");
        assert_eq!(again.0, key.0);
        assert!(LinkKey::from_hex("abc").is_none());
        assert!(!format!("{key:?}").contains(&key.to_hex()[..8]));
    }
}
