"""The whole standard library in memory: at run time the files of the build are gone.

Each module is kept as marshalled code, so importing it compiles nothing, and its source compressed, for
tracebacks and `inspect`.
"""

import _imp
import gc
import importlib.abc
import importlib.machinery
import json
import marshal
import os
import sys
import types
import zlib

LIBRARY = "/usr/lib/python3.14"
"""Where the modules seem to be; what tracebacks show."""

_LEFT_OUT = frozenset({"idlelib", "lib2to3", "test", "tests", "turtledemo", "ensurepip", "tkinter", "turtle", "__pycache__"})
"""Needs a display, a terminal library or an installer that cannot work here."""

_SOURCE_COMPRESSION = 9


class _Module:
    """One module of the library."""

    __slots__ = ("code", "is_package", "path", "source")

    def __init__(self, path: str, source: bytes, is_package: bool) -> None:
        code = compile(source, path, "exec", dont_inherit=True, optimize=0)
        self.code = marshal.dumps(code)
        self.source = zlib.compress(source, _SOURCE_COMPRESSION)
        self.path = path
        self.is_package = is_package


class Loader(importlib.abc.InspectLoader, importlib.abc.ResourceLoader):
    """Finds and loads the modules of the library; also serves as its meta path finder."""

    def __init__(self) -> None:
        self._modules: dict[str, _Module] = {}
        self._data: dict[str, bytes] = {}

    def add_tree(self, root: str) -> None:
        """Takes in every module and data file below a directory of the build."""
        for directory, subdirectories, files in os.walk(root):
            subdirectories[:] = sorted(name for name in subdirectories if name not in _LEFT_OUT)
            inside = os.path.relpath(directory, root)
            parts = [] if inside == "." else inside.split("/")
            if any("-" in part for part in parts):
                continue
            for file in sorted(files):
                self._add(os.path.join(directory, file), parts, file)

    def _add(self, file_path: str, parts: list[str], file: str) -> None:
        stem, extension = os.path.splitext(file)
        seen_as = "/".join([LIBRARY, *parts, file])
        if extension == ".py" and stem not in _LEFT_OUT:
            is_package = stem == "__init__"
            name = ".".join(parts if is_package else [*parts, stem])
            with open(file_path, "rb") as stream:
                source = stream.read()
            try:
                self._modules[name] = _Module(seen_as, source, is_package)
            except SyntaxError:
                pass  # templates of the library that are no modules
        elif parts and extension in {".json", ".txt", ".css"} and ".dist-info" not in file_path:
            with open(file_path, "rb") as stream:
                self._data[seen_as] = stream.read()

    def __contains__(self, name: str) -> bool:
        return name in self._modules

    # --- finder

    def find_spec(self, name, path=None, target=None):
        module = self._modules.get(name)
        if module is None:
            return None
        spec = importlib.machinery.ModuleSpec(name, self, origin=module.path, is_package=module.is_package)
        spec.has_location = True
        if module.is_package:
            spec.submodule_search_locations = [os.path.dirname(module.path)]
        return spec

    def invalidate_caches(self) -> None:
        pass

    # --- loader

    def create_module(self, spec):
        return None

    def exec_module(self, module) -> None:
        exec(self.get_code(module.__name__), module.__dict__)

    def _module(self, name: str) -> _Module:
        try:
            return self._modules[name]
        except KeyError:
            raise ImportError(f"no module named {name!r} in the library", name=name) from None

    def get_code(self, name):
        module = self._module(name)
        if module.code is None:
            return compile(zlib.decompress(module.source), module.path, "exec", dont_inherit=True, optimize=0)
        return marshal.loads(module.code)

    def forget_code(self, name: str) -> None:
        """Drops the compiled form of a module that is already loaded; should anyone reload it, it is compiled anew."""
        self._module(name).code = None

    def get_source(self, name):
        return importlib.util.decode_source(zlib.decompress(self._module(name).source))

    def is_package(self, name):
        return self._module(name).is_package

    def get_filename(self, name):
        return self._module(name).path

    def get_data(self, path):
        try:
            return self._data[path]
        except KeyError:
            raise FileNotFoundError(path) from None

    def path_of(self, name: str) -> str:
        """Where a module seems to be."""
        return self._module(name).path


LOADER = Loader()


def _build_root() -> str:
    """The directory of the build that holds the library's own files."""
    return os.path.dirname(os.path.dirname(json.__file__))


def install() -> None:
    """Takes the library in and makes it what imports find, after built-in and frozen modules and before files."""
    LOADER.add_tree(_build_root())
    after_frozen = sys.meta_path.index(importlib.machinery.FrozenImporter) + 1
    sys.meta_path.insert(after_frozen, LOADER)


def adopt_loaded_modules() -> None:
    """Makes modules that were loaded from the build's files look as if this loader had loaded them."""
    root = _build_root() + "/"
    for function in gc.get_objects():
        if isinstance(function, types.FunctionType) and function.__code__.co_filename.startswith(root):
            code = function.__code__
            _imp._fix_co_filename(code, f"{LIBRARY}/{code.co_filename.removeprefix(root)}")
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if name not in LOADER:
            continue
        LOADER.forget_code(name)
        if spec is None or spec.loader is LOADER:
            continue
        module.__file__ = LOADER.path_of(name)
        module.__cached__ = None
        if isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            module.__loader__ = LOADER
            spec.loader = LOADER
            spec.origin = module.__file__
            spec.cached = None
            if spec.submodule_search_locations is not None:
                spec.submodule_search_locations[:] = [os.path.dirname(module.__file__)]
                module.__path__ = spec.submodule_search_locations
