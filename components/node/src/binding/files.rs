//! Files: plain calls with descriptors of our own (0, 1 and 2 are the standard streams).

use super::{bytes, bytes_mut, fail, fail_io};
use rquickjs::{ArrayBuffer, Ctx, Function, Object, Result, String as JsString, TypedArray};
use sandbar_guest_rt::files::{Kind, chmod, status};
use std::cell::RefCell;
use std::ffi::CString;
use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Most files open at once, as `ulimit -n` usually has it; the sandbox has its own limit beside.
const MOST_FILES: usize = 1024;
/// The first descriptor that a file gets.
const FIRST: usize = 3;

/// Flags of `open` by their Linux numbers, as `fs.constants` has them.
mod flag {
    pub const WRITE: u32 = 1;
    pub const READ_WRITE: u32 = 2;
    pub const CREATE: u32 = 0o100;
    pub const EXCLUSIVE: u32 = 0o200;
    pub const TRUNCATE: u32 = 0o1000;
    pub const APPEND: u32 = 0o2000;
}

struct Open {
    file: File,
    path: String,
    append: bool,
    writable: bool,
}

thread_local! {
    static FILES: RefCell<Vec<Option<Open>>> = const { RefCell::new(Vec::new()) };
}

pub fn install<'js>(ctx: &Ctx<'js>, binding: &Object<'js>) -> Result<()> {
    macro_rules! set {
        ($($name:literal: $function:expr),* $(,)?) => {
            $(binding.set($name, Function::new(ctx.clone(), $function)?)?;)*
        };
    }
    set! {
        "open": open, "close": close, "read": read, "write": write, "stat": stat, "fstat": fstat,
        "readdir": readdir, "mkdir": mkdir, "rmdir": rmdir, "unlink": unlink, "rename": rename, "link": link,
        "symlink": symlink, "readlink": readlink, "realpath": realpath, "chmod": change_mode, "fchmod": change_open_mode,
        "utimes": utimes, "ftruncate": ftruncate, "fsync": fsync, "copyFile": copy, "readFile": read_file,
        "readText": read_text, "writeFile": write_file, "pathOf": path_of,
    }
    Ok(())
}

fn open(ctx: Ctx<'_>, path: String, flags: u32, mode: u32) -> Result<usize> {
    let created = flags & flag::CREATE != 0 && status(Path::new(&path), true).is_err();
    let writable = flags & (flag::WRITE | flag::READ_WRITE) != 0;
    let append = flags & flag::APPEND != 0;
    let mut options = OpenOptions::new();
    options
        .read(flags & flag::WRITE == 0)
        .write(writable)
        .truncate(writable && flags & flag::TRUNCATE != 0);
    if flags & flag::CREATE != 0 {
        options.create(true).write(true);
        if flags & flag::EXCLUSIVE != 0 {
            options.create_new(true);
        }
    }
    if writable && status(Path::new(&path), true).is_ok_and(|status| status.kind == Kind::Directory) {
        return Err(fail(&ctx, "EISDIR"));
    }
    let file = options.open(&path).map_err(|error| fail_io(&ctx, &error))?;
    if created {
        let mode = mode & 0o777 & !umask();
        if mode != 0o644 {
            chmod(Path::new(&path), mode).map_err(|error| fail_io(&ctx, &error))?;
        }
    }
    FILES.with(|files| {
        let mut files = files.borrow_mut();
        let slot = files.iter().position(Option::is_none).unwrap_or(files.len());
        if slot >= MOST_FILES {
            return Err(fail(&ctx, "EMFILE"));
        }
        let open = Some(Open {
            file,
            path,
            append,
            writable,
        });
        if slot == files.len() {
            files.push(open);
        } else {
            files[slot] = open;
        }
        Ok(slot + FIRST)
    })
}

/// What new files do not get; the shell's own is not handed on.
fn umask() -> u32 {
    0o022
}

fn with<T>(ctx: &Ctx<'_>, descriptor: usize, use_it: impl FnOnce(&mut Open) -> io::Result<T>) -> Result<T> {
    FILES.with(|files| {
        let mut files = files.borrow_mut();
        let open = descriptor
            .checked_sub(FIRST)
            .and_then(|slot| files.get_mut(slot))
            .and_then(Option::as_mut)
            .ok_or_else(|| fail(ctx, "EBADF"))?;
        use_it(open).map_err(|error| fail_io(ctx, &error))
    })
}

fn close(ctx: Ctx<'_>, descriptor: usize) -> Result<()> {
    if descriptor < FIRST {
        return Ok(());
    }
    FILES.with(|files| {
        let mut files = files.borrow_mut();
        match files.get_mut(descriptor - FIRST).map(Option::take) {
            Some(Some(_)) => Ok(()),
            _ => Err(fail(&ctx, "EBADF")),
        }
    })
}

/// The path that a descriptor was opened by, after `a`, `w` or `r`: for appending, writing, reading.
fn path_of(ctx: Ctx<'_>, descriptor: usize) -> Result<String> {
    with(&ctx, descriptor, |open| {
        let how = if open.append {
            "a"
        } else if open.writable {
            "w"
        } else {
            "r"
        };
        Ok(format!("{how}{}", open.path))
    })
}

/// Reads at `position`, or where the descriptor stands if that is negative.
fn read<'js>(
    ctx: Ctx<'js>,
    descriptor: usize,
    into: TypedArray<'js, u8>,
    offset: usize,
    length: usize,
    position: f64,
) -> Result<usize> {
    let target = bytes_mut(&ctx, &into)?;
    let end = offset.saturating_add(length).min(target.len());
    let target = target.get_mut(offset..end).ok_or_else(|| fail(&ctx, "EINVAL"))?;
    if descriptor == 0 {
        return io::stdin().read(target).map_err(|error| fail_io(&ctx, &error));
    }
    with(&ctx, descriptor, |open| at(open, position, |file| file.read(target)))
}

fn write<'js>(
    ctx: Ctx<'js>,
    descriptor: usize,
    from: TypedArray<'js, u8>,
    offset: usize,
    length: usize,
    position: f64,
) -> Result<usize> {
    let source = bytes(&ctx, &from)?;
    let end = offset.saturating_add(length).min(source.len());
    let source = source.get(offset..end).ok_or_else(|| fail(&ctx, "EINVAL"))?;
    match descriptor {
        1 | 2 => super::process::write_standard(descriptor, source)
            .map(|()| source.len())
            .map_err(|error| fail_io(&ctx, &error)),
        _ => with(&ctx, descriptor, |open| {
            if open.append {
                open.file.seek(SeekFrom::End(0))?;
                return open.file.write_all(source).map(|()| source.len());
            }
            at(open, position, |file| file.write_all(source).map(|()| source.len()))
        }),
    }
}

/// Does something at a position and goes back to where the descriptor stood.
fn at<T>(open: &mut Open, position: f64, act: impl FnOnce(&mut File) -> io::Result<T>) -> io::Result<T> {
    if position < 0.0 {
        return act(&mut open.file);
    }
    let stood = open.file.stream_position()?;
    open.file.seek(SeekFrom::Start(position as u64))?;
    let done = act(&mut open.file);
    open.file.seek(SeekFrom::Start(stood))?;
    done
}

/// `[kind, mode, links, uid, gid, inode, size, modified in ms]`; kind as in `fs.constants.S_IFMT`.
fn stat(ctx: Ctx<'_>, path: String, follow: bool) -> Result<Vec<f64>> {
    let found = status(Path::new(&path), follow).map_err(|error| fail_io(&ctx, &error))?;
    let kind = match found.kind {
        Kind::Regular | Kind::Other => 0o100_000,
        Kind::Directory => 0o040_000,
        Kind::Symlink => 0o120_000,
        Kind::CharacterDevice => 0o020_000,
    };
    let modified = found.modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(vec![
        f64::from(kind),
        f64::from(found.mode),
        found.links as f64,
        f64::from(found.uid),
        f64::from(found.gid),
        found.inode as f64,
        found.size as f64,
        modified.as_nanos() as f64 / 1e6,
    ])
}

fn fstat(ctx: Ctx<'_>, descriptor: usize) -> Result<Vec<f64>> {
    if descriptor < FIRST {
        return Ok(vec![
            f64::from(0o020_000),
            f64::from(0o620),
            1.0,
            0.0,
            0.0,
            descriptor as f64,
            0.0,
            0.0,
        ]);
    }
    let (path, size) = with(&ctx, descriptor, |open| {
        Ok((open.path.clone(), open.file.metadata()?.len()))
    })?;
    // A file that was removed while open has its length left, and default bits.
    let mut found = stat(ctx.clone(), path, true).unwrap_or_else(|_| {
        ctx.catch();
        vec![f64::from(0o100_000), f64::from(0o644), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    });
    found[6] = size as f64;
    Ok(found)
}

/// Names with their kinds: `f`, `d`, `l` before each name.
fn readdir(ctx: Ctx<'_>, path: String) -> Result<Vec<String>> {
    let list = || -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let letter = if kind.is_dir() {
                'd'
            } else if kind.is_symlink() {
                'l'
            } else {
                'f'
            };
            names.push(format!("{letter}{}", entry.file_name().to_string_lossy()));
        }
        names.sort_unstable_by(|a, b| a[1..].cmp(&b[1..]));
        Ok(names)
    };
    list().map_err(|error| fail_io(&ctx, &error))
}

fn mkdir(ctx: Ctx<'_>, path: String, mode: u32) -> Result<()> {
    fs::create_dir(&path).map_err(|error| fail_io(&ctx, &error))?;
    let mode = mode & 0o777 & !umask();
    if mode != 0o755 {
        chmod(Path::new(&path), mode).map_err(|error| fail_io(&ctx, &error))?;
    }
    Ok(())
}

fn rmdir(ctx: Ctx<'_>, path: String) -> Result<()> {
    fs::remove_dir(path).map_err(|error| fail_io(&ctx, &error))
}

fn unlink(ctx: Ctx<'_>, path: String) -> Result<()> {
    fs::remove_file(path).map_err(|error| fail_io(&ctx, &error))
}

fn rename(ctx: Ctx<'_>, from: String, to: String) -> Result<()> {
    fs::rename(from, to).map_err(|error| fail_io(&ctx, &error))
}

fn link(ctx: Ctx<'_>, from: String, to: String) -> Result<()> {
    fs::hard_link(from, to).map_err(|error| fail_io(&ctx, &error))
}

fn symlink(ctx: Ctx<'_>, target: String, path: String) -> Result<()> {
    let (Ok(target), Ok(path)) = (CString::new(target), CString::new(path)) else {
        return Err(fail(&ctx, "EINVAL"));
    };
    // SAFETY: both are strings with their NUL, alive during the call.
    if unsafe { libc::symlink(target.as_ptr(), path.as_ptr()) } == 0 {
        Ok(())
    } else {
        Err(fail_io(&ctx, &io::Error::last_os_error()))
    }
}

fn readlink(ctx: Ctx<'_>, path: String) -> Result<String> {
    fs::read_link(path)
        .map(|target| target.to_string_lossy().into_owned())
        .map_err(|error| fail_io(&ctx, &error))
}

/// Links followed at most, as the kernel does.
const MOST_LINKS: usize = 40;

/// The absolute path without links, `.` and `..`; everything named must exist.
fn realpath(ctx: Ctx<'_>, path: String) -> Result<String> {
    let resolve = || -> io::Result<String> {
        let mut todo: Vec<String> = path.rsplit('/').map(str::to_owned).collect();
        let mut done: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = todo.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    done.pop();
                    continue;
                }
                _ => {}
            }
            let here = format!("/{}", [done.as_slice(), std::slice::from_ref(&part)].concat().join("/"));
            if status(Path::new(&here), false)?.kind == Kind::Symlink {
                links += 1;
                if links > MOST_LINKS {
                    return Err(io::Error::from_raw_os_error(libc::ELOOP));
                }
                let target = fs::read_link(&here)?.to_string_lossy().into_owned();
                if target.starts_with('/') {
                    done.clear();
                }
                todo.extend(target.rsplit('/').map(str::to_owned));
            } else {
                done.push(part);
            }
        }
        Ok(format!("/{}", done.join("/")))
    };
    resolve().map_err(|error| fail_io(&ctx, &error))
}

fn change_mode(ctx: Ctx<'_>, path: String, mode: u32) -> Result<()> {
    chmod(Path::new(&path), mode & 0o777).map_err(|error| fail_io(&ctx, &error))
}

fn change_open_mode(ctx: Ctx<'_>, descriptor: usize, mode: u32) -> Result<()> {
    with(&ctx, descriptor, |open| chmod(Path::new(&open.path), mode & 0o777))
}

fn time(milliseconds: f64) -> SystemTime {
    UNIX_EPOCH + Duration::try_from_secs_f64((milliseconds / 1000.0).max(0.0)).unwrap_or_default()
}

fn utimes(ctx: Ctx<'_>, path: String, accessed: f64, modified: f64) -> Result<()> {
    File::open(path)
        .and_then(|file| {
            file.set_times(
                FileTimes::new()
                    .set_accessed(time(accessed))
                    .set_modified(time(modified)),
            )
        })
        .map_err(|error| fail_io(&ctx, &error))
}

fn ftruncate(ctx: Ctx<'_>, descriptor: usize, length: f64) -> Result<()> {
    with(&ctx, descriptor, |open| open.file.set_len(length as u64))
}

fn fsync(ctx: Ctx<'_>, descriptor: usize) -> Result<()> {
    with(&ctx, descriptor, |open| open.file.sync_all())
}

fn copy(ctx: Ctx<'_>, from: String, to: String) -> Result<()> {
    let copy = || -> io::Result<()> {
        let mode = status(Path::new(&from), true)?;
        if mode.kind == Kind::Directory {
            return Err(io::Error::from_raw_os_error(libc::EISDIR));
        }
        let mut source = File::open(&from)?;
        io::copy(&mut source, &mut File::create(&to)?)?;
        chmod(Path::new(&to), mode.mode)
    };
    copy().map_err(|error| fail_io(&ctx, &error))
}

fn content(ctx: &Ctx<'_>, path: &str) -> Result<Vec<u8>> {
    if path == "/dev/stdin" {
        let mut all = Vec::new();
        return io::stdin()
            .read_to_end(&mut all)
            .map(|_| all)
            .map_err(|error| fail_io(ctx, &error));
    }
    fs::read(path).map_err(|error| {
        let directory = status(Path::new(path), true).is_ok_and(|status| status.kind == Kind::Directory);
        if directory {
            fail(ctx, "EISDIR")
        } else {
            fail_io(ctx, &error)
        }
    })
}

fn read_file<'js>(ctx: Ctx<'js>, path: String) -> Result<ArrayBuffer<'js>> {
    let content = content(&ctx, &path)?;
    ArrayBuffer::new(ctx, content)
}

/// As text, without a byte order mark only if `strip` is set.
fn read_text<'js>(ctx: Ctx<'js>, path: String, strip: bool) -> Result<JsString<'js>> {
    let content = content(&ctx, &path)?;
    let text = String::from_utf8_lossy(&content);
    let text = if strip {
        text.strip_prefix('\u{FEFF}').unwrap_or(&text)
    } else {
        &text
    };
    JsString::from_str(ctx.clone(), text)
}

fn write_file<'js>(ctx: Ctx<'js>, path: String, content: TypedArray<'js, u8>, flags: u32, mode: u32) -> Result<()> {
    let descriptor = open(ctx.clone(), path, flags, mode)?;
    let written = bytes(&ctx, &content)
        .map(<[u8]>::len)
        .and_then(|length| write(ctx.clone(), descriptor, content.clone(), 0, length, -1.0));
    close(ctx, descriptor)?;
    written.map(|_| ())
}
