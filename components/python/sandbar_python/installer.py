"""pip: kept in the image, and taught what a sandbox is.

What it would do with threads is done without; a package that only native code could be made of is refused in one
sentence.
"""

import importlib
import os
import pkgutil
import re
import sys
import sysconfig

from . import layout, libraries

_SKIPPED = ("pip._internal.main", "pip.__main__", "pip.__pip-runner__")
_BUILDERS = frozenset(
    "maturin setuptools-rust meson-python meson mesonpy scikit-build scikit-build-core cmake ninja pybind11 nanobind "
    "numpy sip pyqt-builder py-build-cmake".split()
)
"""What a package asks for to be built if it is made of native code."""

NATIVE = (
    "{name} is made of native code, which cannot be built or loaded in a WebAssembly sandbox: "
    "choose a version or another package that is pure Python"
)

LIBRARY = libraries.Library(("pip",), layout.SHARED)


def keep() -> None:
    """Imports and patches pip at the build."""
    libraries.keep(LIBRARY, _import)
    LIBRARY.refresh.append(_refresh)


def _import(root: str) -> None:
    certificates = importlib.import_module("pip._vendor.certifi.core")
    certificates._CACERT_PATH = f"{layout.SHARED}/pip/_vendor/certifi/cacert.pem"
    for part in ("_internal",):
        package = importlib.import_module(f"pip.{part}")
        for found in pkgutil.walk_packages([f"{root}/pip/{part}"], f"{package.__name__}."):
            if found.name not in _SKIPPED:
                importlib.import_module(found.name)
    for name in _LATE:
        importlib.import_module(f"pip._vendor.{name}")
    _patch()


_LATE = (
    "certifi idna.core packaging.metadata packaging.licenses pyproject_hooks requests.adapters rich.live rich.progress "
    "rich.traceback cachecontrol.caches.file_cache distlib.scripts"
).split()
"""Imported by pip only when it needs them."""


def _refresh() -> None:
    """What pip takes from environment and prefixes as it is imported."""
    home = os.environ.get("HOME")
    if home != layout.HOME or os.environ.get("XDG_CACHE_HOME"):
        cmdoptions = LIBRARY.modules["pip._internal.cli.cmdoptions"]
        appdirs = LIBRARY.modules["pip._internal.utils.appdirs"]
        cache = appdirs.user_cache_dir("pip")
        _everywhere("USER_CACHE_DIR", cache)
        cmdoptions.cache_dir.keywords["default"] = cache
    if sys.prefix != sys.base_prefix:
        _everywhere("site_packages", sysconfig.get_path("purelib"))


def _everywhere(attribute: str, value) -> None:
    for module in LIBRARY.modules.values():
        if attribute in module.__dict__:
            setattr(module, attribute, value)


def _patch() -> None:
    from pip._internal import exceptions
    from pip._internal.index import package_finder
    from pip._internal.operations.build import wheel as build_wheel
    from pip._internal.req import req_install
    from pip._internal.resolution.resolvelib import factory
    from pip._vendor.rich import live

    # A bar is drawn anew when something has happened, and at its end.
    live._RefreshThread.start = live._RefreshThread.join = lambda self, *_: None

    load = req_install.InstallRequirement.load_pyproject_toml

    def load_pyproject_toml(self):
        """Refuses at once what says that it is built by a compiler."""
        load(self)
        wanted = {re.split(r"[\s\[<>=!~;(@]", word, maxsplit=1)[0].lower().replace("_", "-") for word in self.pyproject_requires or ()}
        if self.pyproject_requires is not None and wanted & _BUILDERS:
            raise exceptions.InstallationError(NATIVE.format(name=self.name or self.source_dir or "this package"))

    req_install.InstallRequirement.load_pyproject_toml = load_pyproject_toml

    mismatch = package_finder.LinkType.platform_mismatch
    evaluate = package_finder.LinkEvaluator.evaluate_link
    foreign: set[str] = set()

    def evaluate_link(self, link):
        kind, detail = evaluate(self, link)
        if kind is mismatch:
            foreign.add(self._canonical_name)
        return kind, detail

    package_finder.LinkEvaluator.evaluate_link = evaluate_link
    conflict = factory.Factory._report_single_requirement_conflict

    def report(self, req, parent):
        error = conflict(self, req, parent)
        if getattr(req, "project_name", None) in foreign:
            return exceptions.DistributionNotFound(NATIVE.format(name=req.project_name))
        return error

    factory.Factory._report_single_requirement_conflict = report
