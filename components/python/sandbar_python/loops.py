"""Libraries that hand work to threads, where there are none: it is done at once, in line.

An event loop wakes itself through a pair of sockets, but here only signals could wake it, and they end its wait by
themselves; so it does without the pair.
"""

import signal
import socketserver
from asyncio import base_events, selector_events, unix_events


def install() -> None:
    """Replaces what would start threads."""
    loop = selector_events.BaseSelectorEventLoop
    loop._make_self_pipe = _make_self_pipe
    loop._close_self_pipe = _close_self_pipe
    for kind in (selector_events.BaseSelectorEventLoop, unix_events._UnixSelectorEventLoop):
        kind.add_signal_handler = add_signal_handler
        kind.remove_signal_handler = remove_signal_handler
    base_events.BaseEventLoop.run_in_executor = run_in_executor
    socketserver.ThreadingMixIn.process_request = process_request


def _make_self_pipe(self) -> None:
    self._ssock = self._csock = None


def _close_self_pipe(self) -> None:
    pass


def add_signal_handler(self, sig, callback, *args) -> None:
    """The callback is called by the loop, after the signal."""
    self._check_closed()
    signal.signal(sig, lambda number, frame: self.call_soon(callback, *args))
    handlers = self.__dict__.setdefault("_sandbar_signals", set())
    handlers.add(int(sig))


def remove_signal_handler(self, sig) -> bool:
    """Whether there was one."""
    handlers = self.__dict__.get("_sandbar_signals", set())
    if int(sig) not in handlers:
        return False
    handlers.discard(int(sig))
    signal.signal(sig, signal.default_int_handler if sig == signal.SIGINT else signal.SIG_DFL)
    return True


def run_in_executor(self, executor, func, *args):
    """Looking up a name, `asyncio.to_thread`: the loop waits for it. An executor of the program's own is asked."""
    self._check_closed()
    if executor is not None:
        from asyncio import wrap_future

        return wrap_future(executor.submit(func, *args), loop=self)
    future = self.create_future()
    try:
        result = func(*args)
    except StopIteration as error:
        future.set_exception(RuntimeError(f"{func!r} raised {error!r}"))
    except Exception as error:
        future.set_exception(error)
    else:
        future.set_result(result)
    return future


def process_request(self, request, client_address) -> None:
    """A threading server takes one request after the other."""
    self.process_request_thread(request, client_address)
