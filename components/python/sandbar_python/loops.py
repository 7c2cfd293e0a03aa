"""asyncio without sockets: an event loop wakes itself through a pair of them, but here nothing could wake it, as there
are neither threads nor signals."""

from asyncio import selector_events


def install() -> None:
    """Event loops do without the pair."""
    loop = selector_events.BaseSelectorEventLoop
    loop._make_self_pipe = _make_self_pipe
    loop._close_self_pipe = _close_self_pipe


def _make_self_pipe(self) -> None:
    self._ssock = self._csock = None


def _close_self_pipe(self) -> None:
    pass
