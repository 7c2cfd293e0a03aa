"""Terminals: their size and modes by the host's calls, `termios`, and how an interactive session reads its lines."""

import os
import sys
import types

from componentize_py_types import Err
from wit_world.imports import processes

from . import interrupts

_TerminalMode = processes.TerminalMode
_READ_MOST = 4096

# Bits of the flag words, as Linux has them.
ISIG, ICANON, ECHO, ECHOE, ECHOK, ECHONL, NOFLSH, TOSTOP, IEXTEN = 0o1, 0o2, 0o10, 0o20, 0o40, 0o100, 0o200, 0o400, 0o100000
OPOST, ONLCR = 0o1, 0o4
BRKINT, IGNBRK, INPCK, ISTRIP, ICRNL, IXON, INLCR, IGNCR = 0o2, 0o1, 0o20, 0o40, 0o400, 0o2000, 0o100, 0o200
CSIZE, CS8, CREAD, PARENB = 0o60, 0o60, 0o200, 0o400
TCSANOW, TCSADRAIN, TCSAFLUSH = 0, 1, 2
TCIFLUSH, TCOFLUSH, TCIOFLUSH = 0, 1, 2
VINTR, VQUIT, VERASE, VKILL, VEOF, VTIME, VMIN, VSUSP = 0, 1, 2, 3, 4, 5, 6, 10
NCCS, B38400, TIOCGWINSZ = 32, 15, 0x5413
_LOCAL = {ECHO: _TerminalMode.ECHO, ICANON: _TerminalMode.CANONICAL, ISIG: _TerminalMode.SIGNALS}
_CHARACTERS = [b"\x03", b"\x1c", b"\x7f", b"\x15", b"\x04", b"\0", b"\x01", b"\0", b"\x11", b"\x13", b"\x1a"]


def install() -> None:
    """Puts `termios` and the terminal's size in their places."""
    os.get_terminal_size = get_terminal_size
    module = types.ModuleType("termios", "Terminal modes of the sandbox's terminals.")
    names = [name for name in globals() if name.isupper() and not name.startswith("_")]
    module.__dict__.update({name: globals()[name] for name in names})
    module.__dict__.update(
        error=error, tcgetattr=tcgetattr, tcsetattr=tcsetattr, tcgetwinsize=tcgetwinsize,
        tcflush=lambda fd, queue: None, tcdrain=lambda fd: None,
    )  # fmt: skip
    sys.modules["termios"] = module


class error(Exception):
    """`termios.error`."""


def _descriptor(fd):
    number = fd if isinstance(fd, int) else fd.fileno()
    if not 0 <= number <= 2:
        raise error(25, "Inappropriate ioctl for device")
    return processes.stdio(number)


def get_terminal_size(fd=1):
    """Columns and lines of a terminal."""
    try:
        size = _descriptor(fd).terminal_size()
    except (Err, error):
        raise OSError(25, "Inappropriate ioctl for device") from None
    return os.terminal_size((size.columns, size.rows))


def tcgetwinsize(fd):
    """Rows and columns."""
    try:
        size = _descriptor(fd).terminal_size()
    except Err as refusal:
        raise error(25, "Inappropriate ioctl for device") from refusal
    return size.rows, size.columns


def tcgetattr(fd) -> list:
    """The seven words of a terminal's attributes."""
    try:
        mode = _descriptor(fd).terminal_mode()
    except Err as refusal:
        raise error(25, "Inappropriate ioctl for device") from refusal
    local = IEXTEN | ECHOE | ECHOK
    for bit, flag in _LOCAL.items():
        if flag in mode:
            local |= bit
    output = OPOST | ONLCR if _TerminalMode.OUTPUT in mode else 0
    canonical = bool(local & ICANON)
    characters: list = _CHARACTERS + [b"\0"] * (NCCS - len(_CHARACTERS))
    if not canonical:
        characters[VTIME], characters[VMIN] = 0, 1
    return [ICRNL | IXON, output, CS8 | CREAD, local, B38400, B38400, characters]


def tcsetattr(fd, when, attributes) -> None:
    """Sets what the terminal knows of them."""
    mode = _TerminalMode(0)
    for bit, flag in _LOCAL.items():
        if attributes[3] & bit:
            mode |= flag
    if attributes[1] & OPOST:
        mode |= _TerminalMode.OUTPUT
    try:
        _descriptor(fd).set_terminal_mode(mode)
    except Err as refusal:
        raise error(25, "Inappropriate ioctl for device") from refusal


class Lines:
    """Lines typed at the terminal."""

    def __init__(self) -> None:
        self._stream = processes.stdio(0).read_stream()
        self._pending = bytearray()

    def read(self, prompt: str = "") -> str:
        """The next line without its end. EOFError at the end."""
        sys.stderr.flush()
        sys.stdout.write(prompt)
        sys.stdout.flush()
        try:
            line = self._line()
        except KeyboardInterrupt:
            self._pending.clear()
            raise
        return line.decode("utf-8", "replace")

    def _line(self) -> bytes:
        while (end := self._pending.find(b"\n")) < 0:
            piece = self._piece()
            if not piece:
                if not self._pending:
                    raise EOFError
                end = len(self._pending)
                break
            self._pending += piece
        line = bytes(self._pending[:end])
        del self._pending[: end + 1]
        return line

    def _piece(self) -> bytes:
        interrupts.until_ready(self._stream)
        try:
            return bytes(self._stream.read(_READ_MOST))
        except Err:
            return b""  # closed

