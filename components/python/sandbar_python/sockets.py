"""Options of sockets that CPython sets and WASI does not know, where their effect is what holds anyway."""

import socket

_ALWAYS_SO = {
    # A socket for IPv6 takes no IPv4 connections here.
    (getattr(socket, "IPPROTO_IPV6", 41), getattr(socket, "IPV6_V6ONLY", 26)): 1,
    # Addresses are free again as soon as their socket is closed.
    (socket.SOL_SOCKET, getattr(socket, "SO_REUSEADDR", 2)): 1,
    # Nothing is held back to be sent together.
    (getattr(socket, "IPPROTO_TCP", 6), getattr(socket, "TCP_NODELAY", 1)): 1,
}

_plain_setsockopt = socket.socket.setsockopt


def install() -> None:
    """Replaces the method on the class that programs use."""
    socket.socket.setsockopt = setsockopt


def setsockopt(self, level, option, *value) -> None:
    """As the plain one, but what holds anyway is no error."""
    try:
        _plain_setsockopt(self, level, option, *value)
    except OSError:
        if value != (_ALWAYS_SO.get((level, option)),):
            raise
