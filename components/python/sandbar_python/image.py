"""The last step of the build: leaves the memory image so that a run writes to few of its pages.

A page that a run writes to is copied first, which costs about a microsecond. So nothing of the build may be left for
a run to take down, and what a run does each time has been done before.
"""

import gc
import os
import sys

from . import endings, environment, launcher, options, streams

REHEARSALS = 16
"""The interpreter adapts its bytecode in place as it runs; after so many runs it has done so."""
FRESH_BYTES = 2 << 20
"""Memory that a run finds free in one piece, so that a short one need not ask for more."""
SMALLEST_HOLE = 1 << 10
"""Objects up to 512 bytes come out of the interpreter's own pools."""

_kept: list = []


def settle() -> None:
    """To be called when everything is imported."""
    endings.settle()
    _kept.extend((sys.stdin, sys.stdout, sys.stderr))
    streams.prepare()
    os.environ.clear()
    sys.path[:] = environment.LIBRARY_PATHS
    for _ in range(REHEARSALS):
        environment.refresh()
        launcher.run([options.PROGRAM, "-c", "pass"])
    # A run replaces these. The old ones live on, since taking them down would touch all that they are made of.
    _kept.extend((sys.modules["__main__"], sys.path_importer_cache))
    os.environ.clear()
    # The objects made so far never die, so no collection at run time needs to visit their pages.
    gc.collect()
    _fill_holes()
    gc.freeze()


def _fill_holes() -> None:
    """Takes what the build left free between its objects, so that what a run allocates lies side by side."""
    beyond = id(bytes(FRESH_BYTES))
    size = FRESH_BYTES
    while size >= SMALLEST_HOLE:
        block = bytes(size)
        if id(block) < beyond:
            _kept.append(block)
        else:
            size //= 2
