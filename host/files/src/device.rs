//! The devices that every sandbox has: served by the layer itself, never by the host's kernel.

use std::time::{Instant, SystemTime};

use crate::{Error, Kind, Layer, Result, Status};

/// What `/proc/version` says.
const VERSION: &str = "Linux version 6.1.0 (sandbar) #1 wasm32\n";
/// Inode numbers of virtual objects count up from here, where no disk has any.
const FIRST_INODE: u64 = 0xffff_ff00_0000_0000;
/// Zeros and random bytes handed out by one read.
const MAX_READ: usize = 1 << 20;

/// A directory that exists only here; it cannot be written and hides what a layer holds in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VirtualDir {
    Dev,
    Proc,
}

impl VirtualDir {
    pub(crate) const ALL: [Self; 2] = [Self::Dev, Self::Proc];

    /// Its name in the root.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Proc => "proc",
        }
    }

    pub(crate) fn devices(self) -> &'static [Device] {
        match self {
            Self::Dev => &[
                Device::Full,
                Device::Null,
                Device::Random,
                Device::Urandom,
                Device::Zero,
            ],
            Self::Proc => &[Device::Uptime, Device::Version],
        }
    }

    pub(crate) fn find(self, name: &str) -> Option<Device> {
        self.devices().iter().copied().find(|device| device.name() == name)
    }

    pub(crate) fn status(self) -> Status {
        virtual_status(Kind::Directory, 0o755, FIRST_INODE + 1 + self as u64)
    }
}

/// One device or generated file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    Full,
    Null,
    Random,
    Urandom,
    Zero,
    Uptime,
    Version,
}

impl Device {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Null => "null",
            Self::Random => "random",
            Self::Urandom => "urandom",
            Self::Zero => "zero",
            Self::Uptime => "uptime",
            Self::Version => "version",
        }
    }

    pub(crate) fn status(self) -> Status {
        let (kind, mode) = match self {
            Self::Uptime | Self::Version => (Kind::Regular, 0o444),
            _ => (Kind::CharacterDevice, 0o666),
        };
        virtual_status(kind, mode, FIRST_INODE + 16 + self as u64)
    }

    pub(crate) fn writable(self) -> bool {
        !matches!(self, Self::Uptime | Self::Version)
    }

    /// Reads; `started` is when the sandbox's tree was opened.
    pub(crate) fn read(self, buffer: &mut [u8], offset: u64, started: Instant) -> Result<usize> {
        let most = buffer.len().min(MAX_READ);
        let buffer = &mut buffer[..most];
        match self {
            Self::Null => Ok(0),
            Self::Zero | Self::Full => {
                buffer.fill(0);
                Ok(buffer.len())
            }
            Self::Random | Self::Urandom => {
                getrandom::fill(buffer).map_err(|error| Error::Io(std::io::Error::other(error.to_string())))?;
                Ok(buffer.len())
            }
            Self::Version => Ok(copy(VERSION.as_bytes(), buffer, offset)),
            Self::Uptime => {
                let text = format!("{:.2} 0.00\n", started.elapsed().as_secs_f64());
                Ok(copy(text.as_bytes(), buffer, offset))
            }
        }
    }

    /// Takes bytes and forgets them, or refuses.
    pub(crate) fn write(self, bytes: &[u8]) -> Result<usize> {
        match self {
            Self::Full => Err(Error::NoSpace),
            Self::Uptime | Self::Version => Err(Error::BadDescriptor),
            _ => Ok(bytes.len()),
        }
    }
}

fn copy(from: &[u8], to: &mut [u8], offset: u64) -> usize {
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(from.len());
    let length = (from.len() - start).min(to.len());
    to[..length].copy_from_slice(&from[start..start + length]);
    length
}

fn virtual_status(kind: Kind, mode: u32, inode: u64) -> Status {
    Status {
        kind,
        mode,
        size: 0,
        modified: SystemTime::UNIX_EPOCH,
        accessed: SystemTime::UNIX_EPOCH,
        changed: SystemTime::UNIX_EPOCH,
        inode,
        links: 1,
        layer: Layer::Virtual,
    }
}
