"""Permission bits and owners: `os.stat`, `os.lstat`, `os.chmod` and `os.access` by the host's answers."""

import contextlib
import errno
import os
import stat as bits

from componentize_py_types import Err
from wit_world.imports import modes

from . import errors

_KINDS = {
    modes.Kind.REGULAR: bits.S_IFREG,
    modes.Kind.DIRECTORY: bits.S_IFDIR,
    modes.Kind.SYMLINK: bits.S_IFLNK,
    modes.Kind.CHARACTER_DEVICE: bits.S_IFCHR,
}
_NANOSECONDS = 1_000_000_000
_DEVICE = 1
_BLOCK = 4096
_SECTOR = 512
_DEFAULT_FILE_MODE = 0o644

_plain_stat = os.stat


_building = False


def install() -> None:
    """Replaces the functions of `os`."""
    for function in (stat, lstat, chmod, lchmod, fchmod, access):
        setattr(os, function.__name__, function)
    os.supports_effective_ids = set()
    for supported in (os.supports_follow_symlinks, os.supports_fd):
        supported.add(stat)


@contextlib.contextmanager
def of_the_build():
    """While this lasts, files are those of the build: the host does not answer there."""
    global _building
    _building = True
    yield
    _building = False  # after a failure it stays: the traceback is read from files of the build


def is_building() -> bool:
    """Whether `of_the_build` lasts."""
    return _building


def _absolute(path) -> str:
    """The host does not know this process's working directory, only where it was started."""
    text = os.fsdecode(path)
    if not text:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    if "\0" in text:
        raise ValueError("embedded null character in path")
    return text if text.startswith("/") else f"{os.getcwd().rstrip('/')}/{text}"


def _ask(path, follow: bool) -> modes.Status:
    try:
        return modes.stat(_absolute(path), follow)
    except Err as refusal:
        raise errors.os_error(refusal.value, path) from None
    except UnicodeEncodeError:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from None


def _result(found: modes.Status) -> os.stat_result:
    nanoseconds = found.modified
    seconds = nanoseconds / _NANOSECONDS
    whole = nanoseconds // _NANOSECONDS
    return os.stat_result(
        (
            _KINDS[found.kind] | found.mode, found.inode, _DEVICE, found.links, found.uid, found.gid, found.size,
            whole, whole, whole,
        ),
        {
            "st_atime": seconds, "st_mtime": seconds, "st_ctime": seconds,
            "st_atime_ns": nanoseconds, "st_mtime_ns": nanoseconds, "st_ctime_ns": nanoseconds,
            "st_blksize": _BLOCK, "st_blocks": (found.size + _SECTOR - 1) // _SECTOR, "st_rdev": 0,
        },
    )  # fmt: skip


def stat(path, *, dir_fd=None, follow_symlinks=True):
    """Status of a path, or of an open file by its descriptor."""
    if isinstance(path, int) or dir_fd is not None or _building:
        found = _plain_stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
        if found.st_mode & 0o777:
            return found
        fields = list(found[:10])
        fields[0] |= _DEFAULT_FILE_MODE
        names = ("st_atime", "st_mtime", "st_ctime", "st_atime_ns", "st_mtime_ns", "st_ctime_ns", "st_blksize", "st_blocks", "st_rdev")
        return os.stat_result(fields, {name: getattr(found, name) for name in names if hasattr(found, name)})
    return _result(_ask(os.fspath(path), follow_symlinks))


def lstat(path, *, dir_fd=None):
    """As `stat`, of a symbolic link itself."""
    return stat(path, dir_fd=dir_fd, follow_symlinks=False)


def chmod(path, mode, *, dir_fd=None, follow_symlinks=True):
    """Sets permission bits; set-id and sticky bits mean nothing here and are dropped."""
    if isinstance(path, int):
        return fchmod(path, mode)
    if dir_fd is not None:
        raise NotImplementedError("chmod: dir_fd unavailable on this platform")
    path = os.fspath(path)
    try:
        modes.chmod(_absolute(path), mode & 0o777)
    except Err as refusal:
        raise errors.os_error(refusal.value, path) from None


def lchmod(path, mode):
    """A symbolic link has no bits of its own."""
    if not bits.S_ISLNK(lstat(path).st_mode):
        chmod(path, mode)


def fchmod(fd, mode):
    """The host cannot be asked by descriptor: accepted for an open file, without effect."""
    _plain_stat(fd)


def is_directory(path: str) -> bool:
    """As `os.path.isdir`, without asking for permission bits, which costs much more."""
    try:
        return bits.S_ISDIR(_plain_stat(path).st_mode)
    except OSError:
        return False


def access(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True):
    """Whether the owner's bits allow it: every program of a sandbox runs as the one user."""
    try:
        found = stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
    except OSError:
        return False
    if mode & os.X_OK and not found.st_mode & 0o111:
        return False
    owner = found.st_mode >> 6
    return not (mode & os.R_OK and not owner & 4) and not (mode & os.W_OK and not owner & 2)
