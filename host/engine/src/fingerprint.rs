//! Names for compiled code: digest of the source, fingerprint of the engine.

use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};
use wasmtime::Engine;

/// Feeds whatever is hashed into SHA-256, so that names do not depend on Rust's unstable default hasher.
struct Fingerprint(Sha256);

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        u64::from_be_bytes(digest[..8].try_into().unwrap_or_default())
    }
}

/// File name (without ending) for the code of `wasm` compiled by `engine`: changes with either.
pub(crate) fn name(engine: &Engine, wasm: &[u8]) -> String {
    let mut fingerprint = Fingerprint(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut fingerprint);
    let engine = fingerprint.0.finalize();
    // Half of the engine's digest: it only tells apart the few builds that one cache sees.
    format!("{}-{}", hex::encode(Sha256::digest(wasm)), hex::encode(&engine[..16]))
}
