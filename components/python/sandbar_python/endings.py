"""What programs and the library want done when a run ends, done only as far as there is anything to do.

Every page of the memory image that a run writes to is a page that it must copy first, so going through the motions
for nothing costs more than it seems.
"""

import atexit
import logging
import sys
import threading
import types


def settle() -> None:
    """Remembers, as part of the build, how things are before any program."""
    global _handlers, _thread_callbacks
    atexit.unregister(logging.shutdown)
    if atexit._ncallbacks():
        raise RuntimeError("a module of the image registers an exit function that nobody here knows")
    _handlers = len(logging._handlerList)
    _thread_callbacks = len(threading._threading_atexits)


def run() -> None:
    """Calls the exit functions, in CPython's order. Their exceptions are reported and go no further."""
    if len(threading._threading_atexits) != _thread_callbacks:
        _guarded(threading._shutdown)  # there are no threads to wait for, but who registered expects the call
    atexit._run_exitfuncs()
    if len(logging._handlerList) != _handlers:
        _guarded(logging.shutdown)


def _guarded(function) -> None:
    try:
        function()
    except BaseException as error:
        report = types.SimpleNamespace(
            exc_type=type(error), exc_value=error, exc_traceback=error.__traceback__, err_msg=None, object=function
        )
        sys.unraisablehook(report)
