"""Refusals of the host as the exceptions CPython has for them."""

import errno
import os

from wit_world.imports import modes, processes

_PROCESS = {
    processes.Errno.NOT_FOUND: errno.ENOENT,
    processes.Errno.ACCESS: errno.EACCES,
    processes.Errno.NOT_EXECUTABLE: errno.ENOEXEC,
    processes.Errno.INVALID: errno.EINVAL,
    processes.Errno.BAD_DESCRIPTOR: errno.EBADF,
    processes.Errno.IS_DIRECTORY: errno.EISDIR,
    processes.Errno.EXISTS: errno.EEXIST,
    processes.Errno.LIMIT: errno.EAGAIN,
    processes.Errno.MEMORY: errno.ENOMEM,
    processes.Errno.NO_PROCESS: errno.ESRCH,
    processes.Errno.QUOTA: errno.EDQUOT,
    processes.Errno.TOO_BIG: errno.E2BIG,
    processes.Errno.NOT_TERMINAL: errno.ENOTTY,
    processes.Errno.IO: errno.EIO,
}

_MODES = {
    modes.Errno.NOT_FOUND: errno.ENOENT,
    modes.Errno.ACCESS: errno.EACCES,
    modes.Errno.NOT_DIRECTORY: errno.ENOTDIR,
    modes.Errno.LOOP: errno.ELOOP,
    modes.Errno.INVALID: errno.EINVAL,
    modes.Errno.READ_ONLY: errno.EROFS,
    modes.Errno.QUOTA: errno.EDQUOT,
    modes.Errno.IO: errno.EIO,
}


def os_error(refusal, path=None) -> OSError:
    """The exception (of the fitting subclass) for a refusal, optionally about a path."""
    number = _PROCESS.get(refusal) or _MODES.get(refusal) or errno.EIO
    if path is None:
        return OSError(number, os.strerror(number))
    return OSError(number, os.strerror(number), path)
