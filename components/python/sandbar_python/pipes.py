"""Ends of pipes as Python's raw streams."""

import errno
import io

from componentize_py_types import Err
from wit_world.imports import processes, streams

from . import interrupts

READ_MOST = 64 * 1024
"""Bytes asked for at once: a pipe's capacity."""


def release(resource) -> None:
    """Gives a handle back to the host, unless the end of the interpreter has done so already."""
    if resource is not None and resource.finalizer.alive:
        resource.__exit__(None, None, None)


class _End(io.RawIOBase):
    """One end of a pipe. Handles go back in order: the stream, then the descriptor it belongs to."""

    def __init__(self, descriptor: processes.Descriptor, stream) -> None:
        super().__init__()
        self.descriptor = descriptor
        self.stream = stream

    def close(self) -> None:
        if not self.closed:
            super().close()
            stream, self.stream = self.stream, None
            descriptor, self.descriptor = self.descriptor, None
            release(stream)
            release(descriptor)

    def isatty(self) -> bool:
        return False


class Reader(_End):
    """The end that is read."""

    def __init__(self, descriptor: processes.Descriptor) -> None:
        super().__init__(descriptor, descriptor.read_stream())

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read_blocking(len(view))
        view[: len(data)] = data
        return len(data)

    def read_blocking(self, most: int) -> bytes:
        """Waits for at least one byte; empty at the end."""
        try:
            while not (data := self.stream.read(min(most, READ_MOST))) and most:
                interrupts.until_ready(self.stream)
            return data
        except Err as refusal:
            return _end_or_raise(refusal)

    def read_ready(self) -> bytes | None:
        """What is there now: None for nothing yet, empty at the end."""
        try:
            return self.stream.read(READ_MOST) or None
        except Err as refusal:
            return _end_or_raise(refusal)


class Writer(_End):
    """The end that is written."""

    def __init__(self, descriptor: processes.Descriptor) -> None:
        super().__init__(descriptor, descriptor.write_stream())

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        view = memoryview(data).cast("B")
        if not view:
            return 0
        while True:
            written = self.write_ready(view)
            if written:
                return written
            with self.stream.subscribe() as pollable:
                pollable.block()
            interrupts.deliver()

    def write_ready(self, view: memoryview) -> int:
        """Writes what fits now and tells how much; 0 if nothing does."""
        try:
            room = self.stream.check_write()
            if room == 0:
                return 0
            chunk = bytes(view[:room])
            self.stream.write(chunk)
            return len(chunk)
        except Err as refusal:
            if isinstance(refusal.value, streams.StreamError_Closed):
                raise BrokenPipeError(errno.EPIPE, "Broken pipe") from None
            raise OSError(errno.EIO, "Input/output error") from None


def _end_or_raise(refusal: Err) -> bytes:
    if isinstance(refusal.value, streams.StreamError_Closed):
        return b""
    raise OSError(errno.EIO, "Input/output error") from None
