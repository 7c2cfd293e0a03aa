//! Every system call on names: each takes a directory handle and one component, and none follows a link.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rustix::fd::AsFd;
use rustix::fs::{self as sys, AtFlags, FileType, Mode, OFlags, Stat, Timespec, Timestamps, XattrFlags};
use rustix::io::Errno;

use crate::name::{Name, on_disk};
use crate::{Error, Kind, MAX_PATH, NewTime, Result};

/// Where a guest's mode is kept if the owner bits that the host itself needs are missing from it.
const MODE_ATTRIBUTE: &str = "user.sandbar.mode";
/// On-disk flag (the sticky bit) that the guest's mode is in [`MODE_ATTRIBUTE`]; spares the look otherwise.
const MODE_ELSEWHERE: u32 = 0o1000;

/// Flags of every open: no link, no wait for a fifo's other end, no terminal, not inherited by children.
const SAFE: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// Attributes of an entry itself; none if there is no such entry.
pub(crate) fn stat(dir: &Dir, name: Name<'_>) -> Result<Option<Stat>> {
    match sys::statat(dir, name.as_str(), AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn exists(dir: &Dir, name: Name<'_>) -> Result<bool> {
    Ok(stat(dir, name)?.is_some())
}

/// Opens a directory of the host: the only place where a path of the host is used.
pub(crate) fn open_ambient(path: &Path) -> Result<Arc<Dir>> {
    let dir = Dir::open_ambient_dir(path, ambient_authority())?;
    reopen(&dir, ".")
}

/// Opens a subdirectory; a link of that name is refused.
pub(crate) fn open_dir(dir: &Dir, name: Name<'_>) -> Result<Arc<Dir>> {
    reopen(dir, name.as_str())
}

/// cap-std's own opens give handles that can neither list nor change modes, hence by hand.
fn reopen(dir: &Dir, name: &str) -> Result<Arc<Dir>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | SAFE;
    let opened = sys::openat(dir, name, flags, Mode::empty()).map_err(|error| match error {
        // What O_NOFOLLOW together with O_DIRECTORY answers for a link differs between kernels.
        Errno::LOOP => Error::NotDirectory,
        error => error.into(),
    })?;
    Ok(Arc::new(Dir::from_std_file(File::from(opened))))
}

/// Opens an existing regular file; anything else is refused without being touched.
pub(crate) fn open_file(dir: &Dir, name: Name<'_>, read: bool, write: bool) -> Result<(File, Stat)> {
    let seen = stat(dir, name)?.ok_or(Error::NotFound)?;
    regular(&seen)?;
    let access = match (read, write) {
        (_, false) => OFlags::RDONLY,
        (false, true) => OFlags::WRONLY,
        (true, true) => OFlags::RDWR,
    };
    let file = File::from(sys::openat(dir, name.as_str(), access | SAFE, Mode::empty())?);
    let stat = sys::fstat(&file)?;
    regular(&stat)?;
    Ok((file, stat))
}

fn regular(stat: &Stat) -> Result<()> {
    match kind(stat) {
        Kind::Regular => Ok(()),
        Kind::Directory => Err(Error::IsDirectory),
        Kind::Symlink => Err(Error::Loop),
        Kind::CharacterDevice | Kind::Other => Err(Error::Access),
    }
}

/// Creates a file that must not exist yet, open for reading and writing, with exactly this mode.
pub(crate) fn create_file(dir: &Dir, name: Name<'_>, mode: u32) -> Result<(File, Stat)> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | SAFE;
    let file = File::from(sys::openat(
        dir,
        name.as_str(),
        flags,
        Mode::from_raw_mode(mode | 0o600),
    )?);
    let stat = sys::fstat(&file)?;
    if stat.st_mode & 0o7777 != mode {
        set_mode(&file, false, mode)?;
    }
    Ok((file, stat))
}

/// Creates a directory with exactly this mode.
pub(crate) fn create_dir(dir: &Dir, name: Name<'_>, mode: u32) -> Result<Arc<Dir>> {
    sys::mkdirat(dir, name.as_str(), Mode::from_raw_mode(mode | 0o700))?;
    let made = open_dir(dir, name)?;
    set_mode(&*made, true, mode)?;
    Ok(made)
}

/// Creates an empty file for the overlay's own use; an existing one is fine.
pub(crate) fn create_marker(dir: &Dir, name: Name<'_>) -> Result<()> {
    let flags = OFlags::CREATE | OFlags::WRONLY | SAFE;
    sys::openat(dir, name.as_str(), flags, Mode::from_raw_mode(0o600))?;
    Ok(())
}

pub(crate) fn symlink(dir: &Dir, name: Name<'_>, target: &str) -> Result<()> {
    Ok(sys::symlinkat(target, dir, name.as_str())?)
}

/// What a link holds. Targets that are not UTF-8 or longer than a path are refused.
pub(crate) fn read_link(dir: &Dir, name: Name<'_>) -> Result<String> {
    let target = sys::readlinkat(dir, name.as_str(), Vec::with_capacity(256))?;
    if target.as_bytes().len() > MAX_PATH {
        return Err(Error::NameTooLong);
    }
    target.into_string().map_err(|_| Error::Invalid)
}

pub(crate) fn unlink(dir: &Dir, name: Name<'_>) -> Result<()> {
    Ok(sys::unlinkat(dir, name.as_str(), AtFlags::empty())?)
}

pub(crate) fn remove_dir(dir: &Dir, name: Name<'_>) -> Result<()> {
    Ok(sys::unlinkat(dir, name.as_str(), AtFlags::REMOVEDIR)?)
}

pub(crate) fn rename(from: &Dir, old: Name<'_>, to: &Dir, new: Name<'_>) -> Result<()> {
    Ok(sys::renameat(from, old.as_str(), to, new.as_str())?)
}

pub(crate) fn link(from: &Dir, old: Name<'_>, to: &Dir, new: Name<'_>) -> Result<()> {
    Ok(sys::linkat(from, old.as_str(), to, new.as_str(), AtFlags::empty())?)
}

/// Names and kinds in one directory of one layer, `.` and `..` and names that are not UTF-8 left out.
pub(crate) fn entries(dir: &Dir) -> Result<Vec<(String, Kind)>> {
    let entries = numbered_entries(dir)?.into_iter();
    Ok(entries.map(|(name, kind, _)| (name, kind)).collect())
}

/// As [`entries`], with inode numbers.
pub(crate) fn numbered_entries(dir: &Dir) -> Result<Vec<(String, Kind, u64)>> {
    let mut entries = Vec::new();
    for entry in sys::Dir::read_from(dir)? {
        let entry = entry?;
        let Ok(text) = entry.file_name().to_str() else {
            continue;
        };
        let Some(name) = on_disk(text) else {
            continue;
        };
        let kind = match entry.file_type() {
            FileType::Unknown => match stat(dir, name)? {
                Some(stat) => kind(&stat),
                None => continue,
            },
            known => kind_of(known),
        };
        entries.push((text.to_owned(), kind, entry.ino()));
    }
    Ok(entries)
}

pub(crate) fn kind(stat: &Stat) -> Kind {
    kind_of(FileType::from_raw_mode(stat.st_mode))
}

fn kind_of(kind: FileType) -> Kind {
    match kind {
        FileType::RegularFile => Kind::Regular,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink,
        _ => Kind::Other,
    }
}

/// Whether [`guest_mode`] needs an open handle to tell.
pub(crate) fn mode_is_elsewhere(stat: &Stat) -> bool {
    stat.st_mode & MODE_ELSEWHERE != 0
}

/// The mode as the guest set it.
pub(crate) fn guest_mode(stat: &Stat, open: impl AsFd) -> u32 {
    let plain = stat.st_mode & 0o777;
    if !mode_is_elsewhere(stat) {
        return plain;
    }
    let mut text = [0_u8; 8];
    let Ok(length) = sys::fgetxattr(open, MODE_ATTRIBUTE, &mut text[..]) else {
        return plain;
    };
    std::str::from_utf8(&text[..length])
        .ok()
        .and_then(|text| u32::from_str_radix(text, 8).ok())
        .map_or(plain, |mode| mode & 0o777)
}

/// Sets the mode as the guest wants it, and keeps for the host what it needs to go on working.
pub(crate) fn set_mode(open: impl AsFd, directory: bool, mode: u32) -> Result<()> {
    let needed = mode | if directory { 0o700 } else { 0o600 };
    if needed == mode {
        sys::fchmod(open, Mode::from_raw_mode(mode))?;
        return Ok(());
    }
    let text = format!("{mode:o}");
    sys::fsetxattr(&open, MODE_ATTRIBUTE, text.as_bytes(), XattrFlags::empty())?;
    sys::fchmod(open, Mode::from_raw_mode(needed | MODE_ELSEWHERE))?;
    Ok(())
}

/// Sets the times of an entry itself.
pub(crate) fn set_times(dir: &Dir, name: Name<'_>, accessed: NewTime, modified: NewTime) -> Result<()> {
    let times = timestamps(accessed, modified)?;
    Ok(sys::utimensat(dir, name.as_str(), &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// Sets the times of an open object.
pub(crate) fn set_open_times(open: impl AsFd, accessed: NewTime, modified: NewTime) -> Result<()> {
    Ok(sys::futimens(open, &timestamps(accessed, modified)?)?)
}

/// Gives a copy the times of its original.
pub(crate) fn copy_times(open: impl AsFd, original: &Stat) -> Result<()> {
    let (accessed, modified) = (accessed(original), modified(original));
    set_open_times(open, NewTime::At(accessed), NewTime::At(modified))
}

fn timestamps(accessed: NewTime, modified: NewTime) -> Result<Timestamps> {
    Ok(Timestamps {
        last_access: timespec(accessed)?,
        last_modification: timespec(modified)?,
    })
}

fn timespec(time: NewTime) -> Result<Timespec> {
    let special = |tv_nsec| Timespec { tv_sec: 0, tv_nsec };
    match time {
        NewTime::Keep => Ok(special(sys::UTIME_OMIT as _)),
        NewTime::Now => Ok(special(sys::UTIME_NOW as _)),
        NewTime::At(time) => at(time).ok_or(Error::Invalid),
    }
}

fn at(time: SystemTime) -> Option<Timespec> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => Some(Timespec {
            tv_sec: i64::try_from(after.as_secs()).ok()?,
            tv_nsec: after.subsec_nanos().into(),
        }),
        Err(before) => {
            let before = before.duration();
            let (borrow, nanos) = match before.subsec_nanos() {
                0 => (0, 0),
                nanos => (1, 1_000_000_000 - nanos),
            };
            Some(Timespec {
                tv_sec: -i64::try_from(before.as_secs()).ok()?.checked_add(borrow)?,
                tv_nsec: nanos.into(),
            })
        }
    }
}

pub(crate) fn modified(stat: &Stat) -> SystemTime {
    system_time(stat.st_mtime, stat.st_mtime_nsec as u32)
}

pub(crate) fn accessed(stat: &Stat) -> SystemTime {
    system_time(stat.st_atime, stat.st_atime_nsec as u32)
}

pub(crate) fn changed(stat: &Stat) -> SystemTime {
    system_time(stat.st_ctime, stat.st_ctime_nsec as u32)
}

fn system_time(seconds: i64, nanos: u32) -> SystemTime {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let base = if seconds < 0 {
        UNIX_EPOCH.checked_sub(whole)
    } else {
        UNIX_EPOCH.checked_add(whole)
    };
    base.and_then(|base| base.checked_add(Duration::from_nanos(nanos.into())))
        .unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_the_epoch_round_trip() {
        for (seconds, nanos) in [(-1, 500_000_000), (-2, 0), (0, 1), (1 << 33, 999_999_999)] {
            let time = system_time(seconds, nanos);
            let spec = at(time).unwrap();
            assert_eq!((spec.tv_sec, spec.tv_nsec as u32), (seconds, nanos));
        }
    }
}
