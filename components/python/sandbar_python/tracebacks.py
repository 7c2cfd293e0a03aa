"""Tracebacks show the program's frames and the library's, none of this package's."""

import sys
import traceback

_OWN = __name__.partition(".")[0]


def is_own(frame) -> bool:
    """Whether a frame is of a function of this package."""
    return frame.f_globals.get("__name__", "").partition(".")[0] == _OWN


def install() -> None:
    """The interpreter prints uncaught exceptions through `traceback`, too."""
    traceback.walk_tb = _without_own(traceback.walk_tb)
    traceback._walk_tb_with_full_positions = _without_own(traceback._walk_tb_with_full_positions)
    plain = traceback.walk_stack

    def walk_stack(f):
        return _others(plain(sys._getframe(1) if f is None else f))

    traceback.walk_stack = walk_stack


def _others(pairs):
    return (pair for pair in pairs if not is_own(pair[0]))


def _without_own(plain):
    def walk(tb):
        return _others(plain(tb))

    walk.__name__ = plain.__name__
    return walk
