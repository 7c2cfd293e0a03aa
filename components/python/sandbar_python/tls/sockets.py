"""A connected socket that speaks TLS."""

import socket

from .errors import SSLEOFError, SSLError, SSLWantReadError, SSLWantWriteError, unsupported
from .names import SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE
from .session import PIECE, Described, Engine, MemoryBIO

_size = len  # programs pass `len=` by name, which hides the function


class SSLSocket(Described, socket.socket):
    """A connected socket that speaks TLS; made by `SSLContext.wrap_socket`."""

    def __init__(self, *_, **__) -> None:
        raise TypeError(f"{type(self).__name__} does not have a public constructor. Instances are returned by SSLContext.wrap_socket().")

    @classmethod
    def _create(
        cls, sock, server_side=False, do_handshake_on_connect=True, suppress_ragged_eofs=True,
        server_hostname=None, context=None, session=None,
    ):  # fmt: skip
        if sock.type != socket.SOCK_STREAM:
            raise NotImplementedError("only stream sockets are supported")
        if server_side:
            raise unsupported("a TLS server")
        if context.check_hostname and not server_hostname:
            raise ValueError("check_hostname requires server_hostname")
        timeout = sock.gettimeout()
        self = cls.__new__(cls)
        socket.socket.__init__(self, family=sock.family, type=sock.type, proto=sock.proto, fileno=sock.fileno())
        sock.detach()
        self.settimeout(timeout)
        self._context = context
        self.server_side, self.server_hostname, self.session, self.session_reused = False, server_hostname, None, False
        self.do_handshake_on_connect, self.suppress_ragged_eofs = do_handshake_on_connect, suppress_ragged_eofs
        self._engine = None
        try:
            self.getpeername()
        except OSError:
            return self  # not connected yet: `connect` goes on
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def _start(self) -> None:
        self._engine = Engine(self._context, MemoryBIO(), MemoryBIO(), self.server_hostname)
        if self.do_handshake_on_connect:
            if self.gettimeout() == 0.0:
                raise ValueError("do_handshake_on_connect should not be specified for non-blocking sockets")
            self.do_handshake()

    @property
    def context(self):
        return self._context

    @context.setter
    def context(self, value):
        self._context = value

    # records over the socket itself

    def _flush(self) -> None:
        outgoing = self._engine.outgoing
        while outgoing.pending:
            data = memoryview(outgoing._data)[:PIECE]
            try:
                sent = super().send(bytes(data))
            except BlockingIOError:
                raise SSLWantWriteError(SSL_ERROR_WANT_WRITE, "The operation did not complete (write)") from None
            finally:
                data.release()
            outgoing.read(sent)

    def _fill(self) -> None:
        try:
            records = super().recv(PIECE)
        except BlockingIOError:
            raise SSLWantReadError(SSL_ERROR_WANT_READ, "The operation did not complete (read)") from None
        if records:
            self._engine.incoming.write(records)
        else:
            self._engine.incoming.write_eof()

    def _run(self, action, *arguments):
        """Does something with the session, with as many records in and out as it needs."""
        self._flush()
        while True:
            try:
                result = action(*arguments)
            except SSLWantReadError:
                self._flush()
                self._fill()
                continue
            except SSLError:
                try:
                    self._flush()
                except OSError:
                    pass
                raise
            self._flush()
            return result

    def _secured(self) -> Engine:
        if self._engine is None:
            raise OSError(107, "Transport endpoint is not connected")
        return self._engine

    def do_handshake(self, block: bool = False) -> None:
        timeout = self.gettimeout()
        try:
            if timeout == 0.0 and block:
                self.settimeout(None)
            self._run(self._secured().shake_hands)
        finally:
            self.settimeout(timeout)

    def connect(self, address) -> None:
        super().connect(address)
        self._start()

    def connect_ex(self, address) -> int:
        code = super().connect_ex(address)
        if code == 0:
            self._start()
        return code

    def read(self, len=1024, buffer=None):
        try:
            data = self._run(self._secured().read, len)
        except SSLEOFError:
            if not self.suppress_ragged_eofs:
                raise
            data = b""
        if buffer is None:
            return data
        buffer[: _size(data)] = data
        return _size(data)

    def write(self, data) -> int:
        return self._run(self._secured().write, memoryview(data).cast("B"))

    def recv(self, buflen=1024, flags=0) -> bytes:
        if flags:
            raise ValueError("non-zero flags not allowed in calls to recv() on SSLSocket")
        return self.read(buflen)

    def recv_into(self, buffer, nbytes=None, flags=0) -> int:
        if flags:
            raise ValueError("non-zero flags not allowed in calls to recv_into() on SSLSocket")
        view = memoryview(buffer).cast("B")
        return self.read(nbytes or _size(view) or 1024, view)

    def send(self, data, flags=0) -> int:
        if flags:
            raise ValueError("non-zero flags not allowed in calls to send() on SSLSocket")
        return self.write(data)

    def sendall(self, data, flags=0) -> None:
        view = memoryview(data).cast("B")
        sent = 0
        while sent < _size(view):
            sent += self.send(view[sent:], flags)

    def sendfile(self, file, offset=0, count=None):
        return self._sendfile_use_send(file, offset, count)

    def recvfrom(self, *_):
        raise ValueError("recvfrom not allowed on instances of SSLSocket")

    recvfrom_into = recvmsg = recvmsg_into = recvfrom

    def sendto(self, *_):
        raise ValueError("sendto not allowed on instances of SSLSocket")

    sendmsg = sendto

    def accept(self):
        raise unsupported("a TLS server")

    def dup(self):
        raise NotImplementedError("Can't dup() SSLSocket instances")

    def pending(self) -> int:
        return 0

    def unwrap(self):
        self._secured().close()
        self._flush()
        plain = socket.socket(self.family, self.type, self.proto, fileno=self.detach())
        return plain

    def shutdown(self, how) -> None:
        if self._engine is not None and how != socket.SHUT_RD:
            self._engine.close()
            try:
                self._flush()
            except OSError:
                pass
        super().shutdown(how)

    def _real_close(self) -> None:
        if self._engine is not None:
            self._engine.close()
            try:
                self._flush()
            except OSError:
                pass
            self._engine = None
        super()._real_close()
