//! The devices that every sandbox has, and the files of its `/proc`: served by the layer itself, never by the host's
//! kernel.

use std::time::SystemTime;

use crate::world::World;
use crate::{Error, Kind, Layer, Result, Status};

/// What `/proc/version` says.
const VERSION: &str = "Linux version 6.1.0 (sandbar) #1 wasm32\n";
/// What `/proc/loadavg` says: how busy the machine is, is nobody's business inside.
const LOAD: &str = "0.00 0.00 0.00 1/1 1\n";
/// What `/proc/mounts` says.
const MOUNTS: &str = "sandbox / overlay rw,relatime 0 0\nproc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n\
                      devtmpfs /dev devtmpfs rw,nosuid 0 0\n";
/// What `/proc/filesystems` says.
const FILESYSTEMS: &str = "nodev\tproc\nnodev\tdevtmpfs\nnodev\toverlay\n";
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
            Self::Proc => &[
                Device::Cpuinfo,
                Device::Filesystems,
                Device::Loadavg,
                Device::Meminfo,
                Device::Mounts,
                Device::Quota,
                Device::Stat,
                Device::Uptime,
                Device::Version,
            ],
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
    Cpuinfo,
    Filesystems,
    Loadavg,
    Meminfo,
    Mounts,
    Quota,
    Stat,
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
            Self::Cpuinfo => "cpuinfo",
            Self::Filesystems => "filesystems",
            Self::Loadavg => "loadavg",
            Self::Meminfo => "meminfo",
            Self::Mounts => "mounts",
            Self::Quota => "quota",
            Self::Stat => "stat",
        }
    }

    pub(crate) fn status(self) -> Status {
        let (kind, mode) = if self.writable() {
            (Kind::CharacterDevice, 0o666)
        } else {
            (Kind::Regular, 0o444)
        };
        virtual_status(kind, mode, FIRST_INODE + 16 + self as u64)
    }

    /// Whether it is a device; what is not is a text of `/proc`.
    pub(crate) fn writable(self) -> bool {
        matches!(
            self,
            Self::Full | Self::Null | Self::Random | Self::Urandom | Self::Zero
        )
    }

    /// Reads; a text is made anew each time.
    pub(crate) fn read(self, buffer: &mut [u8], offset: u64, world: &World) -> Result<usize> {
        let most = buffer.len().min(MAX_READ);
        let buffer = &mut buffer[..most];
        let text = |text: &str, buffer: &mut [u8]| Ok(copy(text.as_bytes(), buffer, offset));
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
            Self::Version => text(VERSION, buffer),
            Self::Loadavg => text(LOAD, buffer),
            Self::Mounts => text(MOUNTS, buffer),
            Self::Filesystems => text(FILESYSTEMS, buffer),
            Self::Uptime => text(&world.uptime(), buffer),
            Self::Cpuinfo => text(&world.cpuinfo(), buffer),
            Self::Meminfo => text(&world.meminfo(), buffer),
            Self::Stat => text(&world.stat(), buffer),
            Self::Quota => text(&world.quota(), buffer),
        }
    }

    /// Takes bytes and forgets them, or refuses.
    pub(crate) fn write(self, bytes: &[u8]) -> Result<usize> {
        match self {
            Self::Full => Err(Error::NoSpace),
            device if !device.writable() => Err(Error::BadDescriptor),
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
