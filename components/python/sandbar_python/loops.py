"""Libraries that hand work to threads, where there are none: it is done at once, in line.

An event loop wakes itself through a pair of sockets, but here nothing could wake it, as there are neither threads nor
signals; so it does without the pair.
"""

import socketserver
from asyncio import base_events, selector_events


def install() -> None:
    """Replaces what would start threads."""
    loop = selector_events.BaseSelectorEventLoop
    loop._make_self_pipe = _make_self_pipe
    loop._close_self_pipe = _close_self_pipe
    base_events.BaseEventLoop.run_in_executor = run_in_executor
    socketserver.ThreadingMixIn.process_request = process_request


def _make_self_pipe(self) -> None:
    self._ssock = self._csock = None


def _close_self_pipe(self) -> None:
    pass


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
