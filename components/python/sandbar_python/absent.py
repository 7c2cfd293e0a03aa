"""What cannot be here says so in one sentence, instead of a number or a missing name."""

import _thread
import importlib.abc
import sys
import threading

_REASONS = {
    "_ctypes": "it calls native libraries, and there are none in a WebAssembly sandbox",
    "ctypes": "it calls native libraries, and there are none in a WebAssembly sandbox",
    "fcntl": "file descriptors have no such controls here",
    "resource": "limits are set by the sandbox, not by its programs",
    "_multiprocessing": "processes here share no memory; use subprocess",
    "_posixshmem": "processes here share no memory; use subprocess",
    "curses": "there is no terminal library here",
    "_curses": "there is no terminal library here",
    "readline": "lines are edited by the terminal itself",
    "_bz2": "bzip2 is not built into this Python; the bzip2 command can be started by subprocess",
    "_lzma": "xz is not built into this Python; the xz command can be started by subprocess",
}
_THREADS = (
    "can't start new thread: a program in this sandbox is one WebAssembly instance without threads; "
    "use asyncio, or start other programs with subprocess"
)
_NATIVE = (
    "{name} has a native part ({file}) that was built for Linux machines, and a WebAssembly sandbox cannot load it; "
    "use a package of pure Python instead"
)


class _Finder(importlib.abc.MetaPathFinder):
    """The last one asked: names what is missing on purpose."""

    def find_spec(self, fullname, path=None, target=None):
        reason = _REASONS.get(fullname)
        if reason is not None:
            raise ModuleNotFoundError(f"No module named {fullname!r}: {reason}", name=fullname)
        native = _native_part(fullname, path)
        if native is not None:
            raise ModuleNotFoundError(_NATIVE.format(name=fullname, file=native), name=fullname)
        return None


def _native_part(fullname: str, path) -> str | None:
    """The shared library that stands for this module where it should be, if there is one."""
    import os

    last = fullname.rpartition(".")[2]
    for directory in sys.path if path is None else path:
        try:
            names = os.listdir(directory or ".")
        except OSError:
            continue
        for name in names:
            if name.startswith(last + ".") and name.endswith((".so", ".pyd")):
                return name
    return None


def install() -> None:
    """Takes its place at the end of the search."""
    sys.meta_path.append(_Finder())
    threading._start_joinable_thread = _no_thread
    threading._start_new_thread = _no_thread
    _thread.start_new_thread = _thread.start_new = _thread.start_joinable_thread = _no_thread


def _no_thread(*_, **__):
    raise RuntimeError(_THREADS)
