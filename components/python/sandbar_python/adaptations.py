"""Modules of packages that need a word changed to work here, changed as they are imported.

Only what cannot be answered by the interpreter itself belongs here: pytest, which is most asked for, takes its output by
duplicating descriptors, and WASI has no `dup`.
"""

import importlib.abc
import importlib.machinery
import sys


def _capture(module) -> None:
    """What is captured is what goes through `sys`; programs that are started write to where the tests do."""
    module.FDCapture = module.SysCapture
    module.FDCaptureBinary = module.SysCaptureBinary


def _faults(module) -> None:
    """A fault ends an instance as a whole; there is nothing to write from within."""
    for name in ("pytest_configure", "pytest_unconfigure"):
        if hasattr(module, name):
            delattr(module, name)


_CHANGES = {"_pytest.capture": _capture, "_pytest.faulthandler": _faults}


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        change = _CHANGES.get(fullname)
        if change is None:
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(fullname, path, target)) is not None:
                break
        else:
            return None
        if spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module):
                load(module)
                change(module)

            spec.loader.exec_module = exec_module
        return spec


def install() -> None:
    """Is asked first."""
    sys.meta_path.insert(0, _Finder())
