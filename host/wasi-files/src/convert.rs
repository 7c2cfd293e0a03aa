//! Between the layer's values and those of WASI.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sandbar_files::{Error, Kind, NewTime, Status};
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;

use crate::bindings::wasi::filesystem::types::{DescriptorStat, DescriptorType, MetadataHashValue, NewTimestamp};

/// Devices count as regular files: common tools refuse a character device on WASI.
pub(crate) fn descriptor_type(kind: Kind) -> DescriptorType {
    match kind {
        Kind::Regular | Kind::CharacterDevice => DescriptorType::RegularFile,
        Kind::Directory => DescriptorType::Directory,
        Kind::Symlink => DescriptorType::SymbolicLink,
        Kind::Other => DescriptorType::Unknown,
    }
}

pub(crate) fn descriptor_stat(status: &Status) -> DescriptorStat {
    DescriptorStat {
        type_: descriptor_type(status.kind),
        link_count: status.links,
        size: status.size,
        data_access_timestamp: Some(datetime(status.accessed)),
        data_modification_timestamp: Some(datetime(status.modified)),
        status_change_timestamp: Some(datetime(status.changed)),
    }
}

/// WASI's time starts in 1970; what is older is shown as that.
fn datetime(time: SystemTime) -> Datetime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Datetime {
        seconds: since.as_secs(),
        nanoseconds: since.subsec_nanos(),
    }
}

pub(crate) fn new_time(time: NewTimestamp) -> Result<NewTime, Error> {
    match time {
        NewTimestamp::NoChange => Ok(NewTime::Keep),
        NewTimestamp::Now => Ok(NewTime::Now),
        NewTimestamp::Timestamp(time) => {
            if time.nanoseconds >= 1_000_000_000 {
                return Err(Error::Invalid);
            }
            let since = Duration::new(time.seconds, time.nanoseconds);
            UNIX_EPOCH.checked_add(since).map(NewTime::At).ok_or(Error::Invalid)
        }
    }
}

/// Tells objects apart. libc takes the lower half for `st_ino`, so it is the inode number, which
/// `sandbar:files/modes` shows as well, and nothing that changes with the contents.
pub(crate) fn metadata_hash(status: &Status) -> MetadataHashValue {
    MetadataHashValue {
        lower: status.inode,
        upper: status.inode.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31),
    }
}
