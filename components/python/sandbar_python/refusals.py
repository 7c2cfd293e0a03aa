"""Errors of which WASI says too little: a full disk (ENOSPC), a file grown too large (EFBIG), too many open files (EMFILE).

WASI's libc has only EIO and ENOMEM for them, and the host knows better. CPython makes the exceptions in C, but looks up
the class for an error number in a table (which makes ENOENT a `FileNotFoundError`). The class that is put there asks the
host. So nothing is paid for what succeeds, and nothing of this is seen in tracebacks.
"""

import errno
import gc
import os

from wit_world.imports import failures

from . import files

_VAGUE = (errno.EIO, errno.ENOMEM)
_KNOWN = {
    failures.Reason.NO_SPACE: errno.ENOSPC,
    failures.Reason.TOO_LARGE: errno.EFBIG,
    failures.Reason.TOO_MANY_FILES: errno.EMFILE,
}


class _Refused(OSError):
    """An OSError that finds out its number. It is called, and pickled as, what it is to everybody."""

    def __init__(self, *arguments) -> None:
        if not files.is_building() and len(arguments) > 1 and arguments[0] in _VAGUE:
            number = _KNOWN.get(failures.take())
            if number is not None:
                arguments = (number, os.strerror(number), *arguments[2:])
        super().__init__(*arguments)

    def __reduce__(self):
        return (OSError, *super().__reduce__()[1:])


def install() -> None:
    """Puts the class into the interpreter's table."""
    _Refused.__name__ = _Refused.__qualname__ = "OSError"
    _Refused.__module__ = "builtins"
    tables = [
        table
        for table in gc.get_referrers(BlockingIOError)
        if type(table) is dict and table.get(errno.ENOENT) is FileNotFoundError
    ]
    if len(tables) != 1:
        raise RuntimeError("this Python keeps its classes of errors elsewhere")
    for number in _VAGUE:
        tables[0][number] = _Refused
