//! Archives as a hostile runner could make them.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use sandbar_files::Blob;
use sha2::{Digest, Sha256};

#[derive(Default, Clone)]
pub struct Tar(Vec<u8>);

impl Tar {
    pub fn header(mut self, name: &[u8], kind: u8, mode: &str, size: u64, target: &[u8]) -> Self {
        let mut raw = [0_u8; 512];
        raw[..name.len()].copy_from_slice(name);
        raw[100..100 + mode.len()].copy_from_slice(mode.as_bytes());
        raw[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
        raw[136..147].copy_from_slice(b"00000000000");
        raw[148..156].copy_from_slice(b"        ");
        raw[156] = kind;
        raw[157..157 + target.len()].copy_from_slice(target);
        raw[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = raw.iter().map(|byte| u32::from(*byte)).sum();
        raw[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        self.0.extend(raw);
        self
    }

    pub fn pax(self, records: &str) -> Self {
        self.header(b"pax", b'x', "0000644", records.len() as u64, b"")
            .data(records.as_bytes())
    }

    pub fn data(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub fn file(self, name: &str, bytes: &[u8]) -> Self {
        self.header(name.as_bytes(), b'0', "0000644", bytes.len() as u64, b"")
            .data(bytes)
    }

    pub fn dir(self, name: &str) -> Self {
        self.header(name.as_bytes(), b'5', "0000755", 0, b"")
    }

    pub fn symlink(self, name: &str, target: &str) -> Self {
        self.header(name.as_bytes(), b'2', "0000777", 0, target.as_bytes())
    }

    pub fn link(self, name: &str, target: &str) -> Self {
        self.header(name.as_bytes(), b'1', "0000644", 0, target.as_bytes())
    }

    pub fn end(mut self) -> Self {
        self.0.extend([0; 1024]);
        self
    }

    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    /// Its bytes so far, to be read before others.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its archive, and a claim of so many bytes and names about it.
    pub fn packed(&self, bytes: u64, names: u64) -> (Blob, Vec<u8>) {
        let packed = zstd::encode_all(self.0.as_slice(), 3).unwrap();
        (claim(&packed, bytes, names), packed)
    }
}

pub fn claim(packed: &[u8], bytes: u64, names: u64) -> Blob {
    Blob {
        digest: Sha256::digest(packed)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        compressed: packed.len() as u64,
        bytes,
        names,
    }
}
