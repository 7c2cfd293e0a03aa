"""What a run must not inherit from the build: environment, directory, randomness, import caches, time."""

import logging
import os
import random
import sys
import time

from wit_world.imports import environment

LIBRARY_PATHS = ["/usr/lib/python314.zip", "/usr/lib/python3.14", "/usr/lib/python3.14/lib-dynload"]
SITE = "/usr/local/lib/python3.14/site-packages"


def refresh() -> list[str]:
    """Sets everything anew and gives the arguments of the run, the program's own name first."""
    os.environ.clear()
    for name, value in environment.get_environment():
        if name and "=" not in name:
            os.environ[name] = value
    directory = os.environ.get("PWD")
    if directory:
        try:
            os.chdir(directory)
        except OSError:
            pass  # as a program in a deleted directory: it stays where it is
    random.seed()
    sys.path_importer_cache.clear()
    logging._startTime = time.time_ns()
    return environment.get_arguments()


def set_paths(*, first: str | None, site: bool, user_site: bool, use_environment: bool) -> None:
    """Fills sys.path in CPython's order."""
    paths = [] if first is None else [first]
    if use_environment:
        paths += [path for path in os.environ.get("PYTHONPATH", "").split(":") if path]
    paths += LIBRARY_PATHS
    if site:
        home = os.environ.get("HOME", "/root")
        user = f"{home}/.local/lib/python3.14/site-packages"
        paths += [path for path in ([user] if user_site else []) + [SITE] if os.path.isdir(path)]
    sys.path[:] = paths
