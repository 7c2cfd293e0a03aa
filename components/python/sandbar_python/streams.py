"""sys.stdin, sys.stdout and sys.stderr of a run: the ones of the build belong to the build."""

import builtins
import io
import os
import stat
import sys

from wit_world.imports import processes

from . import interrupts


class _OrderedRaw(io.FileIO):
    """Standard error's raw file: what was printed before appears before it, whatever the buffering."""

    def write(self, data):
        try:
            sys.stdout.flush()
        except (AttributeError, OSError, ValueError):
            pass
        return super().write(data)


class _Input(io.FileIO):
    """Standard input's raw file: a signal that comes while it waits is heard."""

    _stream = None
    _may_wait = None

    def readinto(self, buffer):
        self._wait()
        return super().readinto(buffer)

    def readall(self):
        chunks = []
        while chunk := self.read(_CHUNK):
            chunks.append(chunk)
        return b"".join(chunks)

    def read(self, size=-1):
        if size is None or size < 0:
            return self.readall()
        self._wait()
        return super().read(size)

    def _wait(self) -> None:
        if self._may_wait is None:
            self._may_wait = not stat.S_ISREG(os.fstat(0).st_mode)
            if self._may_wait:
                self._stream = processes.stdio(0).read_stream()
        if self._may_wait:
            interrupts.until_ready(self._stream)


def _input(prompt="", /):
    """`input()` at a terminal."""
    sys.stderr.flush()
    sys.stdout.write(str(prompt))
    sys.stdout.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError("EOF when reading a line")
    return line.removesuffix("\n")


_input.__name__ = _input.__qualname__ = "input"
_CHUNK = 1 << 16


def prepare() -> None:
    """Opens, at the build, the three as nearly every run wants them. What they stand for is asked of the host at each
    use, and WASI's standard streams never seek, so nothing about them is known too early."""
    _open("utf-8", "strict", unbuffered=False)


def install(unbuffered: bool, encoding: str | None) -> None:
    """Opens all three, unless they are fine as prepared. `encoding` is `NAME[:ERRORS]` as PYTHONIOENCODING has it."""
    if unbuffered or encoding:
        name, _, errors = (encoding or "").partition(":")
        _open(name or "utf-8", errors or "strict", unbuffered)
        return
    for stream in (sys.stdin, sys.stdout):
        if stream.isatty():
            stream.reconfigure(line_buffering=True)
            if stream is sys.stdin:
                builtins.input = _input


def _open(name: str, errors: str, unbuffered: bool) -> None:
    sys.stdin = sys.__stdin__ = _stream(_Input(0, "r", closefd=False), "<stdin>", name, errors)
    sys.stdout = sys.__stdout__ = _stream(io.FileIO(1, "w", closefd=False), "<stdout>", name, errors, unbuffered)
    sys.stderr = sys.__stderr__ = _stream(
        _OrderedRaw(2, "w", closefd=False), "<stderr>", name, "backslashreplace", unbuffered, by_line=True
    )


def _stream(raw, name, encoding, errors, unbuffered=False, by_line=False):
    if raw.readable():
        buffered = io.BufferedReader(raw)
        mode = "r"
    else:
        buffered = raw if unbuffered else io.BufferedWriter(raw)
        mode = "w"
    raw.name = name
    stream = io.TextIOWrapper(
        buffered, encoding, errors, newline=None if mode == "r" else "\n",
        line_buffering=by_line or raw.isatty(), write_through=unbuffered,
    )  # fmt: skip
    stream.mode = mode
    return stream


def read_program() -> bytes:
    """All of standard input."""
    chunks = []
    while chunk := os.read(0, 1 << 16):
        chunks.append(chunk)
    return b"".join(chunks)
