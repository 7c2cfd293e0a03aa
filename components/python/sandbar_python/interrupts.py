"""Signals, as CPython has them: KeyboardInterrupt, handlers, alarms.

The host keeps the signals that a program catches, and sets a flag of the interpreter's that makes it collect garbage soon
(`sandbar:process/interrupts`). As a collection ends, Python is called back here: the signals are taken, and noted where
CPython's own handler would note them. The interpreter then calls the program's handlers, at the next place where it
always does that.
"""

import _signal
import _thread
import functools
import gc
import signal
import time

from wit_world.imports import interrupts, poll, processes

_CATCHABLE = (1, 2, 3, 10, 12, 13, 14, 15, 17, 20, 28)
_NANOSECONDS = 1_000_000_000
_LONGEST_ALARM = (1 << 63) // _NANOSECONDS
_PIPE = 13
ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF = 0, 1, 2

_NOTES = {
    number: type("_Note", (), {"__slots__": (), "__del__": staticmethod(functools.partial(_thread.interrupt_main, number))})
    for number in _CATCHABLE
}
"""Objects that note a signal when they are dropped, without running any Python."""

_live = False
_alarm_end = 0.0
_alarm_interval = 0.0
_threshold: tuple | None = None
_plain_signal = signal.signal
_plain_sleep = time.sleep
_plain_threshold = gc.get_threshold


class ItimerError(OSError):
    """`signal.ItimerError`."""


def install() -> None:
    """Puts everything in its place; nothing is asked of the host before `begin`."""
    gc.callbacks.append(_collecting)
    _signal.signal(signal.SIGINT, signal.default_int_handler)
    for function in (
        signal_, raise_signal, alarm, setitimer, getitimer, pause, sigwait, siginterrupt, valid_signals, ItimerError,
    ):  # fmt: skip
        setattr(signal, function.__name__.rstrip("_"), function)
    for name in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF"):
        setattr(signal, name, globals()[name])
    ItimerError.__module__ = "signal"
    ItimerError.__qualname__ = "itimer_error"
    time.sleep = sleep
    gc.disable, gc.enable, gc.isenabled, gc.get_threshold = disable, enable, isenabled, get_threshold


def begin() -> None:
    """From now on signals reach the program."""
    global _live
    _live = True
    interrupts.watch(b"")
    inherited = processes.inherited_ignored()
    for number in inherited:
        _plain_signal(number, signal.SIG_IGN)
    if inherited:
        _tell()
    else:
        processes.catch([signal.SIGINT.value])


def ignored() -> list[int]:
    """The signals that the program ignores, as its children then do. SIGPIPE is the interpreter's own affair."""
    return [number for number in _CATCHABLE if number != _PIPE and _signal.getsignal(number) == signal.SIG_IGN]


def _tell() -> None:
    """Tells the host which signals are caught and which ignored."""
    if _live:
        processes.catch([number for number in _CATCHABLE if callable(_signal.getsignal(number))])
        processes.ignore(ignored())


def deliver() -> None:
    """Takes what waits. Handlers run as soon as the interpreter looks, which is before the caller goes on."""
    while (number := processes.take_signal()) is not None:
        _thread.interrupt_main(number)


def _collecting(phase, _):
    """Called by the collector, at its end last of all, which writes away exceptions; so no handler may run before this has
    returned. What it returns is dropped at once, and that is what notes the signals."""
    if not _live or phase != "stop":
        return None
    notes = []
    while (number := processes.take_signal()) is not None:
        notes.append(_NOTES[number]())
    return notes


def until_ready(stream) -> None:
    """Waits until there is something to read, or the end. Handlers run meanwhile; what they raise ends the wait."""
    while True:
        with stream.subscribe() as pollable:
            if poll.poll([pollable]):
                return
        deliver()


def surrender(process):
    """Waits for the end of a program that takes the place of this one, and passes signals on to it."""
    global _live
    _live = False
    processes.catch([1, 10, 12, 15])
    processes.ignore([2, 3, 20])  # a terminal sends them to both
    while (status := process.try_wait()) is None:
        with process.subscribe() as ended, processes.subscribe_signals() as told:
            poll.poll([ended, told])
        while (number := processes.take_signal()) is not None:
            process.kill(number)
    return status


def die_interrupted() -> None:
    """Ends the process as SIGINT does, for whoever waits for it."""
    processes.catch([])
    processes.ignore([])
    processes.kill(processes.own_pid(), 2)


# --- functions of `signal`


def signal_(signalnum, handler):
    """`signal.signal`."""
    previous = _plain_signal(signalnum, handler)
    _tell()
    return previous


def raise_signal(signum, /):
    """`signal.raise_signal`."""
    from . import bridge

    bridge.kill(processes.own_pid(), signum)


def valid_signals():
    """`signal.valid_signals`."""
    return {signal.Signals(number) for number in (*_CATCHABLE, 6, 9, 18, 19) if number in set(signal.Signals)}


def siginterrupt(signalnum, flag, /):
    """Nothing here is interrupted in a way that it could not be resumed."""


def alarm(seconds, /) -> int:
    """`signal.alarm`."""
    left, _ = setitimer(ITIMER_REAL, seconds)
    return -int(-left // 1)


def setitimer(which, seconds, interval=0.0, /):
    """`signal.setitimer`, of real time only."""
    global _alarm_end, _alarm_interval
    before = getitimer(which)
    if not (0 <= seconds < _LONGEST_ALARM and 0 <= interval < _LONGEST_ALARM):
        raise ItimerError(28, "Invalid argument")
    interrupts.alarm(int(seconds * _NANOSECONDS), int(interval * _NANOSECONDS))
    _alarm_end = time.monotonic() + seconds if seconds else 0.0
    _alarm_interval = float(interval)
    return before


def getitimer(which, /):
    """`signal.getitimer`."""
    if which != ITIMER_REAL:
        raise ItimerError(28, "Invalid argument")
    if not _alarm_end:
        return (0.0, 0.0)
    left = _alarm_end - time.monotonic()
    if left <= 0:
        left = -(-left % _alarm_interval) + _alarm_interval if _alarm_interval else 0.0
    return (left, _alarm_interval)


def pause() -> None:
    """`signal.pause`."""
    with processes.subscribe_signals() as told:
        poll.poll([told])
    deliver()


def sigwait(sigset, /):
    """`signal.sigwait`: signals for which there is no handler are taken here all the same."""
    wanted = {int(number) for number in sigset}
    global _live
    _live = False
    try:
        processes.catch(sorted(wanted | {n for n in _CATCHABLE if callable(_signal.getsignal(n))}))
        while True:
            with processes.subscribe_signals() as told:
                poll.poll([told])
            number = processes.take_signal()
            if number in wanted:
                return signal.Signals(number)
            if number is not None:
                _thread.interrupt_main(number)
    finally:
        _live = True
        _tell()


# --- functions that have to know of signals


def sleep(seconds, /):
    """`time.sleep`: as long as was asked, also if handlers run meanwhile."""
    try:
        end = time.monotonic() + seconds
    except TypeError:
        return _plain_sleep(seconds)
    _plain_sleep(seconds)
    if _live:
        while (left := end - time.monotonic()) > 0:
            _plain_sleep(left)


def disable() -> None:
    """`gc.disable`. The flag that the host sets works only with the collector's own switch on."""
    global _threshold
    if _threshold is None:
        _threshold = _plain_threshold()
        gc.set_threshold(0)


def enable() -> None:
    """`gc.enable`."""
    global _threshold
    if _threshold is not None:
        if _plain_threshold()[0] == 0:
            gc.set_threshold(*_threshold)
        _threshold = None


def isenabled() -> bool:
    """`gc.isenabled`."""
    return _threshold is None


def get_threshold():
    """`gc.get_threshold`."""
    return _plain_threshold() if _threshold is None else _threshold
