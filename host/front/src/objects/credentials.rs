//! Temporary credentials that need no table: the session token says whose they are and until when, and the secret follows from it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How long credentials hold: an upload of some gigabytes, with its retries. They outlive the API key that asked for them by
/// no more than this, and open nothing but the uploads of its organization.
pub const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// Longest session token that is looked at.
const TOKEN: usize = 128;
const VERSION: &str = "v1";

/// Makes and recognises credentials.
pub struct Issuer([u8; 32]);

/// What a client signs with.
#[derive(Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Names the credentials in the Authorization header.
    pub access_key: String,
    /// What signatures are keyed with.
    pub secret: String,
    /// Sent with each request: whose the credentials are, and until when.
    pub session_token: String,
}

/// Credentials that a request named, still to be proved by its signature.
#[derive(Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose they are.
    pub organization: String,
    /// What the signature must be keyed with.
    pub secret: String,
}

/// Why credentials are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Not made here.
    Unknown,
    /// Their time is over.
    Expired,
}

impl Issuer {
    /// Credentials follow from `key`; all fronts with the same key know each other's.
    pub fn new(key: &str) -> Self {
        // A key of its own, so that nothing made with it is worth anything elsewhere.
        Self(mac(key.as_bytes(), &[b"sandbar object storage"]))
    }

    /// New ones for an organization.
    pub fn issue(&self, organization: &str, now: SystemTime) -> Credentials {
        let until = seconds(now) + LIFETIME.as_secs();
        self.of(organization, until)
    }

    fn of(&self, organization: &str, until: u64) -> Credentials {
        let session_token = format!("{VERSION};{organization};{until}");
        let made = |what: &[u8]| hex::encode(mac(&self.0, &[what, session_token.as_bytes()]));
        Credentials {
            access_key: made(b"access")[..20].to_uppercase(),
            secret: made(b"secret"),
            session_token,
        }
    }

    /// What a request's names stand for.
    pub fn claim(&self, access_key: &str, session_token: &str, now: SystemTime) -> Result<Claim, Refused> {
        if session_token.len() > TOKEN {
            return Err(Refused::Unknown);
        }
        let mut parts = session_token.split(';');
        let (Some(VERSION), Some(organization), Some(until), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refused::Unknown);
        };
        let until: u64 = until.parse().map_err(|_| Refused::Unknown)?;
        let credentials = self.of(organization, until);
        let known = credentials.access_key.as_bytes().ct_eq(access_key.as_bytes());
        if !bool::from(known) || credentials.session_token != session_token {
            return Err(Refused::Unknown);
        }
        if seconds(now) >= until {
            return Err(Refused::Expired);
        }
        Ok(Claim {
            organization: organization.to_owned(),
            secret: credentials.secret,
        })
    }
}

/// HMAC-SHA256 over parts, each with its length.
fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    for part in parts {
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_recognised_until_they_expire_and_only_whole() {
        let now = SystemTime::now();
        let issuer = Issuer::new("key");
        let made = issuer.issue("org-1", now);
        let claim = issuer.claim(&made.access_key, &made.session_token, now).expect("ours");
        assert_eq!((claim.organization.as_str(), &claim.secret), ("org-1", &made.secret));
        let late = now + LIFETIME;
        assert_eq!(
            issuer.claim(&made.access_key, &made.session_token, late),
            Err(Refused::Expired)
        );
        let longer = made.session_token.replace(';', ";0");
        let other = made.session_token.replace("org-1", "org-2");
        let padded = made.session_token.replace("org-1;", "org-1;0");
        for token in [longer.as_str(), &other, &padded, "", "v1;a", &"x".repeat(1000)] {
            assert_eq!(
                issuer.claim(&made.access_key, token, now),
                Err(Refused::Unknown),
                "{token}"
            );
        }
        assert_eq!(issuer.claim("", &made.session_token, now), Err(Refused::Unknown));
        let stranger = Issuer::new("other");
        assert_eq!(
            stranger.claim(&made.access_key, &made.session_token, now),
            Err(Refused::Unknown)
        );
    }
}
