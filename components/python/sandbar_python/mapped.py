"""The module `mmap`: importable, since many libraries name it; a file itself cannot be mapped."""

import errno
import sys
import types

_REASON = "a WebAssembly program has one memory, into which no file can be mapped; read the file instead"


class mmap:
    """Refuses to be made."""

    def __new__(cls, *_, **__):
        raise OSError(errno.ENODEV, _REASON)


def install() -> None:
    """Makes `mmap` importable."""
    module = types.ModuleType("mmap", _REASON)
    module.mmap = mmap
    module.error = OSError
    module.ACCESS_DEFAULT, module.ACCESS_READ, module.ACCESS_WRITE, module.ACCESS_COPY = range(4)
    module.PROT_READ, module.PROT_WRITE, module.PROT_EXEC = 1, 2, 4
    module.MAP_SHARED, module.MAP_PRIVATE, module.MAP_ANON, module.MAP_ANONYMOUS = 1, 2, 32, 32
    module.PAGESIZE = module.ALLOCATIONGRANULARITY = 65536
    mmap.__module__ = "mmap"
    sys.modules["mmap"] = module
