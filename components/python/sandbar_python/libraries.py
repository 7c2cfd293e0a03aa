"""Packages of the base layer that are imported at the build, and kept aside until a run asks for them.

Importing pip from files takes most of a second; from here it takes nothing. A run that does not ask sees none of it:
they are not in `sys.modules`, and what a user has installed under the same name comes first.
"""

import importlib.abc
import importlib.machinery
import os
import socket
import sys
from dataclasses import dataclass, field

from . import files, layout


@dataclass
class Library:
    """One package with all that it was imported with."""

    names: tuple[str, ...]
    """Its top-level packages; the first is the one by which it is asked for."""
    directory: str
    """Where its files are in a sandbox."""
    modules: dict = field(default_factory=dict)
    refresh: list = field(default_factory=list)
    """What must be done when it is taken into a run: what it remembers of the build is wrong by then."""


_LIBRARIES: dict[str, Library] = {}


class _BuildLoader(importlib.abc.Loader):
    """Loads from the build's file what will be at another path in a sandbox."""

    def __init__(self, source: str, path: str) -> None:
        self.source = source
        self.path = path

    def create_module(self, spec):
        return None

    def exec_module(self, module) -> None:
        with open(self.source, "rb") as stream:
            code = compile(stream.read(), self.path, "exec", dont_inherit=True, optimize=0)
        exec(code, module.__dict__)


class _BuildFinder(importlib.abc.MetaPathFinder):
    """Finds the modules of one library during the build."""

    def __init__(self, root: str, library: Library) -> None:
        self.root = root
        self.library = library

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] not in self.library.names:
            return None
        inside = fullname.replace(".", "/")
        for file, is_package in ((f"{inside}/__init__.py", True), (f"{inside}.py", False)):
            source = f"{self.root}/{file}"
            if os.path.isfile(source):
                seen_as = f"{self.library.directory}/{file}"
                spec = importlib.machinery.ModuleSpec(
                    fullname, _BuildLoader(source, seen_as), origin=seen_as, is_package=is_package
                )
                spec.has_location = True
                if is_package:
                    spec.submodule_search_locations = [os.path.dirname(seen_as)]
                return spec
        return None


def build_root(package: str) -> str:
    """The directory of the build that holds a package."""
    for directory in sys.path:
        if os.path.isfile(f"{directory}/{package}/__init__.py"):
            return directory
    raise RuntimeError(f"{package} is not on the path of the build")


def keep(library: Library, imports) -> None:
    """Imports, by calling `imports`, at the build, and puts all of it aside."""
    with files.of_the_build():
        finder = _BuildFinder(build_root(library.names[0]), library)
        sys.meta_path.insert(0, finder)
        # A socket made now, to see whether it can be, would leave the build's own network in the image.
        socket.has_ipv6 = False
        os.environ["HOME"] = layout.HOME
        try:
            imports(finder.root)
        finally:
            socket.has_ipv6 = True
            del os.environ["HOME"]
            sys.meta_path.remove(finder)
    for name in [name for name in sys.modules if name.partition(".")[0] in library.names]:
        module = sys.modules.pop(name)
        library.modules[name] = module
        if "HAS_IPV6" in module.__dict__:
            module.HAS_IPV6 = True
        spec = getattr(module, "__spec__", None)
        if spec is not None and isinstance(spec.loader, _BuildLoader):
            module.__loader__ = spec.loader = importlib.machinery.SourceFileLoader(name, spec.origin)
    for name in library.names:
        _LIBRARIES[name] = library


class _Finder(importlib.abc.MetaPathFinder):
    """Gives a kept package to a run that imports it, unless a directory of the path before it has one."""

    def find_spec(self, fullname, path=None, target=None):
        library = _LIBRARIES.get(fullname)
        if library is None or path is not None:
            return None
        for directory in sys.path:
            if directory == library.directory:
                return importlib.machinery.ModuleSpec(
                    fullname, _Loader(library), origin=f"{directory}/{fullname}/__init__.py", is_package=True
                )
            if files.is_directory(f"{directory or '.'}/{fullname}"):
                return None
        return None


class _Loader(importlib.abc.Loader):
    def __init__(self, library: Library) -> None:
        self.library = library

    def create_module(self, spec):
        module = self.library.modules[spec.name]
        # A package is given to a run once; who reloads it reads the files.
        for name in self.library.names:
            _LIBRARIES.pop(name, None)
        self.kept = module.__spec__
        return module

    def exec_module(self, module) -> None:
        module.__spec__ = self.kept
        sys.modules.update(self.library.modules)
        for action in self.library.refresh:
            action()


def install() -> None:
    """Takes its place before the search of directories."""
    sys.meta_path.insert(sys.meta_path.index(importlib.machinery.PathFinder), _Finder())
