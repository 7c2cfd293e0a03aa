"""Randomness, as OpenSSL would give it."""

import os


def RAND_bytes(n) -> bytes:
    return os.urandom(n)


def RAND_status() -> bool:
    return True


def RAND_add(string, entropy) -> None:
    """The host's randomness needs none."""
