"""One session: records between a connection and the host, and what is known about it."""

from typing import TYPE_CHECKING

from componentize_py_types import Err
from wit_world.imports import client

from .. import certificates
from .errors import SSLEOFError, SSLError, SSLWantReadError, of, unsupported
from .names import CERT_NONE, SSL_ERROR_EOF, SSL_ERROR_SSL, SSL_ERROR_WANT_READ

if TYPE_CHECKING:
    from .context import SSLContext

PIECE = 1 << 16
"""What one call to the host carries at most."""
_size = len  # programs pass `len=` by name, which hides the function


class MemoryBIO:
    """Records on their way, kept in memory."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        if size is None or size < 0:
            size = len(self._data)
        piece = bytes(self._data[:size])
        del self._data[:size]
        return piece

    def write(self, data) -> int:
        if self._ended:
            raise SSLError(SSL_ERROR_SSL, "cannot write() after write_eof()")
        self._data += data
        return len(memoryview(data).cast("B"))

    def write_eof(self) -> None:
        self._ended = True

    @property
    def pending(self) -> int:
        return len(self._data)

    @property
    def eof(self) -> bool:
        return self._ended and not self._data


class Engine:
    """One session of the host, fed from `incoming` and drained into `outgoing`."""

    def __init__(self, context: "SSLContext", incoming: MemoryBIO, outgoing: MemoryBIO, server_hostname: str) -> None:
        self.incoming, self.outgoing = incoming, outgoing
        self._end_told = False
        try:
            self.session = client.Session.open(context._settings(server_hostname))
        except Err as refusal:
            raise of(refusal.value) from None

    def send(self) -> None:
        """Moves what is to be sent into the outgoing records."""
        while records := self.session.take_records():
            self.outgoing.write(records)

    def receive(self) -> None:
        """Takes what has come; one that needs more says so."""
        records = self.incoming.read(PIECE)
        try:
            if records:
                self.session.give_records(records)
            elif self.incoming.eof and not self._end_told:
                self._end_told = True
                self.session.give_end()
            elif self.incoming.eof:
                raise SSLEOFError(SSL_ERROR_EOF, "EOF occurred in violation of protocol")
            else:
                raise SSLWantReadError(SSL_ERROR_WANT_READ, "The operation did not complete (read)")
        except Err as refusal:
            self.send()  # the alert that tells the peer why
            raise of(refusal.value) from None

    def shake_hands(self) -> None:
        self.send()
        while self.session.handshaking():
            self.receive()
            self.send()

    def read(self, most: int) -> bytes:
        """Plain text; empty at the end of the session."""
        if most == 0:
            return b""
        while True:
            try:
                plain = self.session.read(min(most, PIECE))
            except Err as refusal:
                if isinstance(refusal.value, client.Error_Closed):
                    return b""
                raise of(refusal.value) from None
            if plain:
                return plain
            self.receive()
            self.send()

    def write(self, data) -> int:
        """Sends plain text; tells how much was taken, which is something."""
        plain = bytes(data[:PIECE])
        while True:
            try:
                taken = self.session.write(plain)
            except Err as refusal:
                raise of(refusal.value) from None
            self.send()
            if taken or not plain:
                return taken
            self.receive()

    def close(self) -> None:
        self.session.close()
        self.send()


class Described:
    """What is known about a session, the same for objects and sockets. Needs `_engine` and `context`."""

    def _details(self):
        return self._engine.session.details() if self._engine is not None else None

    def getpeercert(self, binary_form: bool = False):
        details = self._details()
        if details is None:
            raise ValueError("handshake not done yet")
        if not details.certificates:
            return None
        first = details.certificates[0]
        if binary_form:
            return bytes(first)
        return certificates.describe(first) if self.context.verify_mode != CERT_NONE else {}

    def get_verified_chain(self):
        details = self._details()
        return [bytes(one) for one in details.certificates] if details else []

    get_unverified_chain = get_verified_chain

    def selected_alpn_protocol(self):
        details = self._details()
        return details.alpn if details else None

    def selected_npn_protocol(self):
        return None

    def cipher(self):
        details = self._details()
        return (details.cipher, details.version, details.bits) if details else None

    def shared_ciphers(self):
        return None

    def compression(self):
        return None

    def version(self):
        details = self._details()
        return details.version if details else None

    def get_channel_binding(self, cb_type="tls-unique"):
        raise ValueError(f"{cb_type} channel binding type not implemented")

    def verify_client_post_handshake(self):
        raise unsupported("post-handshake authentication")


class SSLObject(Described):
    """A session over two MemoryBIOs; made by `SSLContext.wrap_bio`."""

    def __init__(self, *_, **__) -> None:
        raise TypeError(f"{type(self).__name__} does not have a public constructor. Instances are returned by SSLContext.wrap_bio().")

    @classmethod
    def _create(cls, incoming, outgoing, server_side=False, server_hostname=None, session=None, context=None):
        if server_side:
            raise unsupported("a TLS server")
        self = cls.__new__(cls)
        self._context = context
        self.server_side, self.server_hostname, self.session, self.session_reused = False, server_hostname, None, False
        self._engine = Engine(context, incoming, outgoing, server_hostname)
        return self

    @property
    def context(self):
        return self._context

    @context.setter
    def context(self, value):
        self._context = value

    def do_handshake(self) -> None:
        self._engine.shake_hands()

    def read(self, len=1024, buffer=None):
        data = self._engine.read(len)
        if buffer is None:
            return data
        buffer[: _size(data)] = data
        return _size(data)

    def write(self, data) -> int:
        return self._engine.write(memoryview(data).cast("B"))

    def pending(self) -> int:
        return 0

    def unwrap(self) -> None:
        self._engine.close()
