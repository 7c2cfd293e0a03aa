//! The devices that every sandbox has, and the files below its `/proc`: served by the layer itself, never by the host's
//! kernel.

use std::time::SystemTime;

use crate::processes::Text;
use crate::virtual_dir::of_process;
use crate::world::World;
use crate::{Error, Kind, Layer, Result, Status};

/// What `/proc/version` says.
const VERSION: &str = "Linux version 6.1.0 (sandbar) #1 wasm32\n";
/// What `/proc/loadavg` says: how busy the machine is, is nobody's business inside.
const LOAD: &str = "0.00 0.00 0.00 1/1 1\n";
/// What `/proc/mounts` says.
pub(crate) const MOUNTS: &str = "sandbox / overlay rw,relatime 0 0\nproc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n\
                      devtmpfs /dev devtmpfs rw,nosuid 0 0\n";
/// What `/proc/filesystems` says.
const FILESYSTEMS: &str = "nodev\tproc\nnodev\tdevtmpfs\nnodev\toverlay\n";
/// Inode numbers of virtual objects count up from here, where no disk has any.
pub(crate) const FIRST_INODE: u64 = 0xffff_ff00_0000_0000;
/// Zeros and random bytes handed out by one read.
const MAX_READ: usize = 1 << 20;

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
    /// A file of `/proc/PID`.
    Process(u32, Text),
    /// A file below `/proc/sys`.
    Setting(Setting),
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
            Self::Process(_, text) => text.name(),
            Self::Setting(setting) => setting.name(),
        }
    }

    pub(crate) fn status(self) -> Status {
        let (kind, mode) = if self.writable() {
            (Kind::CharacterDevice, 0o666)
        } else {
            let private = matches!(self, Self::Process(_, text) if text.private());
            (Kind::Regular, if private { 0o400 } else { 0o444 })
        };
        virtual_status(kind, mode, FIRST_INODE + self.number())
    }

    fn number(self) -> u64 {
        16 + match self {
            Self::Full => 0,
            Self::Null => 1,
            Self::Random => 2,
            Self::Urandom => 3,
            Self::Zero => 4,
            Self::Uptime => 5,
            Self::Version => 6,
            Self::Cpuinfo => 7,
            Self::Filesystems => 8,
            Self::Loadavg => 9,
            Self::Meminfo => 10,
            Self::Mounts => 11,
            Self::Quota => 12,
            Self::Stat => 13,
            Self::Setting(setting) => 16 + setting as u64,
            Self::Process(pid, text) => of_process(pid, text as u64),
        }
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
            Self::Process(pid, wanted) => text(&world.process(pid, wanted).ok_or(Error::NotFound)?, buffer),
            Self::Setting(setting) => text(&setting.of(world)?, buffer),
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

/// A file below `/proc/sys`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    BootId,
    Hostname,
    OsRelease,
    OsType,
    Overcommit,
    PidMax,
    Uuid,
}

impl Setting {
    fn name(self) -> &'static str {
        match self {
            Self::BootId => "boot_id",
            Self::Hostname => "hostname",
            Self::OsRelease => "osrelease",
            Self::OsType => "ostype",
            Self::Overcommit => "overcommit_memory",
            Self::PidMax => "pid_max",
            Self::Uuid => "uuid",
        }
    }

    fn of(self, world: &World) -> Result<String> {
        Ok(match self {
            Self::BootId => world.boot_id()?,
            Self::Hostname => "sandbox\n".to_owned(),
            Self::OsRelease => "6.1.0\n".to_owned(),
            Self::OsType => "Linux\n".to_owned(),
            // Memory is taken when it is touched, and refused when there is none.
            Self::Overcommit => "2\n".to_owned(),
            Self::PidMax => format!("{}\n", i32::MAX),
            Self::Uuid => uuid()?,
        })
    }
}

/// A random UUID (version 4, RFC 9562) and the end of its line.
pub(crate) fn uuid() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::Io(std::io::Error::other(error.to_string())))?;
    let number = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let digits = format!("{number:032x}");
    let parts = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ];
    Ok(parts.join("-") + "\n")
}

fn copy(from: &[u8], to: &mut [u8], offset: u64) -> usize {
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(from.len());
    let length = (from.len() - start).min(to.len());
    to[..length].copy_from_slice(&from[start..start + length]);
    length
}

pub(crate) fn virtual_status(kind: Kind, mode: u32, inode: u64) -> Status {
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
