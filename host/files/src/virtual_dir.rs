//! Directories that exist on no disk: `/dev`, and `/proc` with what is below it. They cannot be written, and hide what a layer
//! holds in their place.

use crate::device::{Device, FIRST_INODE, Setting, virtual_status};
use crate::processes::Text;
use crate::world::World;
use crate::{Kind, Status};

/// One such directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VirtualDir {
    Dev,
    Proc,
    /// `/proc/PID`.
    Process(u32),
    /// `/proc/PID/fd`.
    Descriptors(u32),
    /// `/proc/sys` and what is below it.
    Sys,
    SysKernel,
    SysRandom,
    SysVm,
}

/// A link that exists on no disk. Where it leads depends on who asks, or on a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// `/proc/self`.
    Own,
    /// `/dev/fd`, `/dev/stdin`, `/dev/stdout`, `/dev/stderr`.
    Fixed(&'static str),
    Program(u32),
    Directory(u32),
    Root,
    /// A descriptor of a process: the text that it shows; its own process opens the descriptor itself.
    Descriptor(u32, u8),
}

/// What lies in a virtual directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Virtual {
    Dir(VirtualDir),
    Device(Device),
    Link(Link),
}

impl Virtual {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Dir(_) => Kind::Directory,
            Self::Device(device) => device.status().kind,
            Self::Link(_) => Kind::Symlink,
        }
    }

    pub(crate) fn status(self) -> Status {
        match self {
            Self::Dir(dir) => dir.status(),
            Self::Device(device) => device.status(),
            Self::Link(link) => virtual_status(Kind::Symlink, 0o777, FIRST_INODE + link.number()),
        }
    }
}

const DEVICES: [Device; 5] = [
    Device::Full,
    Device::Null,
    Device::Random,
    Device::Urandom,
    Device::Zero,
];
const DEVICE_LINKS: [(&str, &str); 4] = [
    ("fd", "/proc/self/fd"),
    ("stderr", "/proc/self/fd/2"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
];
const TEXTS: [Device; 9] = [
    Device::Cpuinfo,
    Device::Filesystems,
    Device::Loadavg,
    Device::Meminfo,
    Device::Mounts,
    Device::Quota,
    Device::Stat,
    Device::Uptime,
    Device::Version,
];

impl VirtualDir {
    /// Those in the root.
    pub(crate) const TOP: [Self; 2] = [Self::Dev, Self::Proc];

    /// Its name, if that is always the same.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Proc => "proc",
            Self::Process(_) => "",
            Self::Descriptors(_) => "fd",
            Self::Sys => "sys",
            Self::SysKernel => "kernel",
            Self::SysRandom => "random",
            Self::SysVm => "vm",
        }
    }

    /// What lies in it, by name.
    pub(crate) fn entries(self, world: &World) -> Vec<(String, Virtual)> {
        let device = |device: &Device| (device.name().to_owned(), Virtual::Device(*device));
        let dir = |dir: Self| (dir.name().to_owned(), Virtual::Dir(dir));
        let link = |name: &str, link| (name.to_owned(), Virtual::Link(link));
        match self {
            Self::Dev => DEVICES
                .iter()
                .map(device)
                .chain(DEVICE_LINKS.map(|(name, target)| link(name, Link::Fixed(target))))
                .collect(),
            Self::Proc => TEXTS
                .iter()
                .map(device)
                .chain([dir(Self::Sys)])
                .chain(world.processes().is_some().then(|| link("self", Link::Own)))
                .chain(
                    world
                        .pids()
                        .into_iter()
                        .map(|pid| (pid.to_string(), Virtual::Dir(Self::Process(pid)))),
                )
                .collect(),
            Self::Process(pid) if world.lives(pid) => Text::ALL
                .iter()
                .map(|text| device(&Device::Process(pid, *text)))
                .chain([
                    dir(Self::Descriptors(pid)),
                    link("cwd", Link::Directory(pid)),
                    link("exe", Link::Program(pid)),
                    link("root", Link::Root),
                ])
                .collect(),
            Self::Descriptors(pid) if world.lives(pid) => (0..3)
                .map(|number| link(&number.to_string(), Link::Descriptor(pid, number)))
                .collect(),
            // Of a process that has ended meanwhile.
            Self::Process(_) | Self::Descriptors(_) => Vec::new(),
            Self::Sys => vec![dir(Self::SysKernel), dir(Self::SysVm)],
            Self::SysKernel => [Setting::Hostname, Setting::OsRelease, Setting::OsType, Setting::PidMax]
                .iter()
                .map(|setting| device(&Device::Setting(*setting)))
                .chain([dir(Self::SysRandom)])
                .collect(),
            Self::SysRandom => [Setting::BootId, Setting::Uuid]
                .iter()
                .map(|setting| device(&Device::Setting(*setting)))
                .collect(),
            Self::SysVm => vec![device(&Device::Setting(Setting::Overcommit))],
        }
    }

    /// What lies in it by this name.
    pub(crate) fn find(self, name: &str, world: &World) -> Option<Virtual> {
        if self == Self::Proc && name.starts_with(|first: char| first.is_ascii_digit()) {
            // Only as a listing writes it: not 007, and not one of a process that is gone.
            let pid: u32 = name.parse().ok()?;
            return (pid.to_string() == name && world.lives(pid)).then_some(Virtual::Dir(Self::Process(pid)));
        }
        self.entries(world)
            .into_iter()
            .find_map(|(known, entry)| (known == name).then_some(entry))
    }

    pub(crate) fn status(self) -> Status {
        let number = match self {
            Self::Dev => 1,
            Self::Proc => 2,
            Self::Sys => 3,
            Self::SysKernel => 4,
            Self::SysRandom => 5,
            Self::SysVm => 6,
            Self::Process(pid) => of_process(pid, 0),
            Self::Descriptors(pid) => of_process(pid, 1),
        };
        virtual_status(Kind::Directory, 0o755, FIRST_INODE + number)
    }
}

/// Numbers of a process's own entries: 64 for each.
pub(crate) fn of_process(pid: u32, number: u64) -> u64 {
    (1 << 16) + u64::from(pid) * 64 + number
}

impl Link {
    fn number(self) -> u64 {
        match self {
            Self::Own => 64,
            Self::Root => 65,
            Self::Fixed(target) => 66 + target.bytes().last().map_or(0, u64::from),
            Self::Program(pid) => of_process(pid, 2),
            Self::Directory(pid) => of_process(pid, 3),
            Self::Descriptor(pid, number) => of_process(pid, 4 + u64::from(number)),
        }
    }

    /// What it shows, and for all but descriptors where it leads; `caller` is the process that asks, 0 for the host.
    pub(crate) fn target(self, world: &World, caller: u32) -> Option<String> {
        let process = |pid| world.processes()?.process(pid);
        match self {
            // The host is no process in here.
            Self::Own => (caller != 0).then(|| caller.to_string()),
            Self::Fixed(target) => Some(target.to_owned()),
            Self::Root => Some("/".to_owned()),
            Self::Program(pid) => process(pid).map(|process| process.program),
            Self::Directory(pid) => process(pid).map(|process| process.directory),
            Self::Descriptor(pid, number) => process(pid)?.descriptors.into_iter().nth(number.into()),
        }
    }
}
