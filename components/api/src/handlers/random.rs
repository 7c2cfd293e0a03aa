//! Randomness: ids, tokens, seeds.

use crate::http::Problem;
use crate::rules::preview;

fn bytes<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Problem::Internal(format!("no randomness: {error}")))?;
    Ok(bytes)
}

/// A UUID of version 4.
pub(super) fn id() -> Result<String, Problem> {
    Ok(uuid::Builder::from_random_bytes(bytes()?).into_uuid().to_string())
}

/// 32 random bytes in hex.
pub(super) fn token() -> Result<String, Problem> {
    Ok(hex::encode(bytes::<32>()?))
}

/// An API key: `dtn_` and 32 random bytes in hex.
pub(super) fn api_key() -> Result<String, Problem> {
    Ok(format!("dtn_{}", token()?))
}

/// A token that fits into the name of a host.
pub(super) fn short_token() -> Result<String, Problem> {
    // More bytes than are needed: one in 64 is left out, and seventeen of 32 never are.
    preview::token(&bytes::<32>()?).ok_or_else(|| Problem::Internal("too little randomness".to_owned()))
}

/// For spreading, not for secrets.
pub(super) fn seed() -> Result<u64, Problem> {
    Ok(u64::from_le_bytes(bytes()?))
}
