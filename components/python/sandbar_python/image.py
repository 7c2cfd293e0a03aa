"""The last step of the build: leaves the memory image so that a run writes to few of its pages.

A page that a run writes to is copied first, which costs about a microsecond. So nothing of the build may be left for
a run to take down, and what a run does each time has been done before.
"""

import gc
import os
import sys

from . import endings, environment, launcher, options

REHEARSALS = 16
"""The interpreter adapts its bytecode in place as it runs; after so many runs it has done so."""

_kept: list = []


def settle() -> None:
    """To be called when everything is imported."""
    endings.settle()
    os.environ.clear()
    sys.path[:] = environment.LIBRARY_PATHS
    for _ in range(REHEARSALS):
        environment.refresh()
        launcher.run([options.PROGRAM, "-c", "pass"])
    # A run replaces these. The old ones live on, since taking them down would touch all that they are made of.
    _kept.extend((sys.stdin, sys.stdout, sys.stderr, sys.modules["__main__"], sys.path_importer_cache))
    os.environ.clear()
    # The objects made so far never die, so no collection at run time needs to visit their pages.
    gc.collect()
    gc.freeze()
