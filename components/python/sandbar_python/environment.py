"""What a run must not inherit from the build: environment, directory, import caches, time."""

import logging
import os
import sys
import time

from . import layout

LIBRARY_PATHS = ["/usr/lib/python314.zip", "/usr/lib/python3.14", "/usr/lib/python3.14/lib-dynload"]


def refresh() -> list[str]:
    """Sets everything anew and gives the arguments of the run, the program's own name first.

    By now componentize-py's runtime has filled `os.environ` and `sys.argv` and seeded `random`.
    """
    directory = os.environ.get("PWD")
    if directory:
        try:
            os.chdir(directory)
        except OSError:
            pass  # as a program in a deleted directory: it stays where it is
    sys.path_importer_cache = {}
    logging._startTime = time.time_ns()
    return sys.argv


def set_paths(*, first: str | None, site: bool, user_site: bool, use_environment: bool) -> None:
    """Fills sys.path in CPython's order."""
    paths = [] if first is None else [first]
    if use_environment:
        paths += [path for path in os.environ.get("PYTHONPATH", "").split(":") if path]
    paths += LIBRARY_PATHS
    if site:
        directories = layout.site_directories(user_site)
        paths += directories
        paths.append(layout.SHARED)
    sys.path[:] = paths
    if site:
        layout.read_path_files(directories)
        layout.customize()
