"""The `ssl` module over the host's TLS: certificates are checked by the host, keys stay there, and this side carries the
records through whatever connection it has. What needs OpenSSL itself (servers, client certificates, ciphers by name)
is refused in words.
"""

import enum
import os
import socket
import sys
from collections import namedtuple

from componentize_py_types import Err
from wit_world.imports import client

from . import certificates

# --- names that programs expect

OPENSSL_VERSION = "OpenSSL 3.0.0 (served by the host's rustls)"
OPENSSL_VERSION_INFO = (3, 0, 0, 0, 0)
OPENSSL_VERSION_NUMBER = 0x30000000
_OPENSSL_API_VERSION = OPENSSL_VERSION_INFO
HAS_SNI = HAS_ALPN = HAS_TLSv1_2 = HAS_TLSv1_3 = HAS_ECDH = HAS_NEVER_CHECK_COMMON_NAME = True
HAS_NPN = HAS_SSLv2 = HAS_SSLv3 = HAS_TLSv1 = HAS_TLSv1_1 = HAS_PSK = HAS_PHA = False
CHANNEL_BINDING_TYPES: list[str] = []
SSL_ERROR_EOF, SSL_ERROR_SSL, SSL_ERROR_SYSCALL, SSL_ERROR_WANT_CONNECT = 8, 1, 5, 7
SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE, SSL_ERROR_WANT_X509_LOOKUP, SSL_ERROR_ZERO_RETURN = 2, 3, 4, 6
SSL_ERROR_INVALID_ERROR_CODE = 10
SOL_SOCKET, SO_TYPE, AF_INET, SOCK_STREAM = socket.SOL_SOCKET, socket.SO_TYPE, socket.AF_INET, socket.SOCK_STREAM
socket_error = OSError

_size = len  # programs pass `len=` by name, which hides the function
_PIECE = 1 << 16
"""What one call to the host carries at most."""
_MAX_ROOTS = 1 << 20
"""Most bytes of certificates that one session takes."""


class TLSVersion(enum.IntEnum):
    MINIMUM_SUPPORTED = -2
    SSLv3 = 768
    TLSv1 = 769
    TLSv1_1 = 770
    TLSv1_2 = 771
    TLSv1_3 = 772
    MAXIMUM_SUPPORTED = -1


class VerifyMode(enum.IntEnum):
    CERT_NONE = 0
    CERT_OPTIONAL = 1
    CERT_REQUIRED = 2


class _SSLMethod(enum.IntEnum):
    PROTOCOL_SSLv23 = 2
    PROTOCOL_TLS = 2
    PROTOCOL_TLSv1 = 3
    PROTOCOL_TLSv1_1 = 4
    PROTOCOL_TLSv1_2 = 5
    PROTOCOL_TLS_CLIENT = 16
    PROTOCOL_TLS_SERVER = 17


class VerifyFlags(enum.IntFlag):
    VERIFY_DEFAULT = 0
    VERIFY_CRL_CHECK_LEAF = 4
    VERIFY_CRL_CHECK_CHAIN = 12
    VERIFY_X509_STRICT = 32
    VERIFY_ALLOW_PROXY_CERTS = 64
    VERIFY_X509_TRUSTED_FIRST = 32768
    VERIFY_X509_PARTIAL_CHAIN = 524288


class Options(enum.IntFlag):
    OP_LEGACY_SERVER_CONNECT = 4
    OP_IGNORE_UNEXPECTED_EOF = 128
    OP_ENABLE_KTLS = 8
    OP_NO_TICKET = 16384
    OP_NO_COMPRESSION = 131072
    OP_SINGLE_ECDH_USE = 0
    OP_SINGLE_DH_USE = 0
    OP_CIPHER_SERVER_PREFERENCE = 4194304
    OP_NO_SSLv2 = 0
    OP_NO_SSLv3 = 33554432
    OP_NO_TLSv1 = 67108864
    OP_NO_TLSv1_1 = 268435456
    OP_NO_TLSv1_2 = 134217728
    OP_NO_TLSv1_3 = 536870912
    OP_NO_RENEGOTIATION = 1073741824
    OP_ENABLE_MIDDLEBOX_COMPAT = 1048576
    OP_ALL = 2147483728


class AlertDescription(enum.IntEnum):
    ALERT_DESCRIPTION_CLOSE_NOTIFY = 0
    ALERT_DESCRIPTION_HANDSHAKE_FAILURE = 40
    ALERT_DESCRIPTION_BAD_CERTIFICATE = 42
    ALERT_DESCRIPTION_UNKNOWN_CA = 48
    ALERT_DESCRIPTION_INTERNAL_ERROR = 80


class SSLErrorNumber(enum.IntEnum):
    SSL_ERROR_SSL = 1
    SSL_ERROR_WANT_READ = 2
    SSL_ERROR_WANT_WRITE = 3
    SSL_ERROR_SYSCALL = 5
    SSL_ERROR_ZERO_RETURN = 6
    SSL_ERROR_EOF = 8


_ASN1Object = namedtuple("_ASN1Object", "nid shortname longname oid")


class Purpose(_ASN1Object, enum.Enum):
    """What a certificate is for."""

    SERVER_AUTH = (129, "serverAuth", "TLS Web Server Authentication", "1.3.6.1.5.5.7.3.1")
    CLIENT_AUTH = (130, "clientAuth", "TLS Web Client Authentication", "1.3.6.1.5.5.7.3.2")


for _kind in (VerifyMode, _SSLMethod, VerifyFlags, Options, AlertDescription):
    globals().update(_kind.__members__)

DefaultVerifyPaths = namedtuple(
    "DefaultVerifyPaths", "cafile capath openssl_cafile_env openssl_cafile openssl_capath_env openssl_capath"
)


# --- errors


class SSLError(OSError):
    """Something about TLS went wrong."""

    library = "SSL"
    reason: str | None = None

    def __str__(self) -> str:
        return str(self.strerror if self.strerror is not None else (self.args[0] if self.args else ""))


class SSLZeroReturnError(SSLError):
    """The peer has closed the session."""


class SSLWantReadError(SSLError):
    """More records are needed first."""


class SSLWantWriteError(SSLError):
    """Records must be sent first."""


class SSLSyscallError(SSLError):
    """The connection failed."""


class SSLEOFError(SSLError):
    """The connection ended without the session's end."""


class SSLCertVerificationError(SSLError, ValueError):
    """The peer's certificate does not hold."""

    verify_code = 1
    verify_message = ""


CertificateError = SSLCertVerificationError


def _error(refusal) -> SSLError:
    """A refusal of the host as the exception that Python has for it."""
    if isinstance(refusal, client.Error_Certificate):
        error = SSLCertVerificationError(
            SSL_ERROR_SSL, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {refusal.value}"
        )
        error.reason = "CERTIFICATE_VERIFY_FAILED"
        error.verify_message = refusal.value
        return error
    if isinstance(refusal, client.Error_Closed):
        return SSLZeroReturnError(SSL_ERROR_ZERO_RETURN, "TLS/SSL connection has been closed (EOF)")
    if isinstance(refusal, client.Error_Limit):
        return SSLError(SSL_ERROR_SSL, "too many TLS sessions in this sandbox: close some first")
    return SSLError(SSL_ERROR_SSL, f"[SSL] {refusal.value}")


def _unsupported(what: str) -> SSLError:
    return SSLError(SSL_ERROR_SSL, f"{what} is not supported: TLS is done by the sandbox's host, for clients only")


# --- bytes between a connection and a session


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


class _Engine:
    """One session of the host, fed from `incoming` and drained into `outgoing`."""

    def __init__(self, context: "SSLContext", incoming: MemoryBIO, outgoing: MemoryBIO, server_hostname: str) -> None:
        self.incoming, self.outgoing = incoming, outgoing
        self._end_told = False
        try:
            self.session = client.Session.open(context._settings(server_hostname))
        except Err as refusal:
            raise _error(refusal.value) from None

    def send(self) -> None:
        """Moves what is to be sent into the outgoing records."""
        while records := self.session.take_records():
            self.outgoing.write(records)

    def receive(self) -> None:
        """Takes what has come; one that needs more says so."""
        records = self.incoming.read(_PIECE)
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
            raise _error(refusal.value) from None

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
                plain = self.session.read(min(most, _PIECE))
            except Err as refusal:
                if isinstance(refusal.value, client.Error_Closed):
                    return b""
                raise _error(refusal.value) from None
            if plain:
                return plain
            self.receive()
            self.send()

    def write(self, data) -> int:
        """Sends plain text; tells how much was taken, which is something."""
        plain = bytes(data[:_PIECE])
        while True:
            try:
                taken = self.session.write(plain)
            except Err as refusal:
                raise _error(refusal.value) from None
            self.send()
            if taken or not plain:
                return taken
            self.receive()

    def close(self) -> None:
        self.session.close()
        self.send()


class _Described:
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
        return certificates.describe(first) if self.context.verify_mode != CERT_NONE else {}  # noqa: F821

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
        raise _unsupported("post-handshake authentication")


class SSLObject(_Described):
    """A session over two MemoryBIOs; made by `SSLContext.wrap_bio`."""

    def __init__(self, *_, **__) -> None:
        raise TypeError(f"{type(self).__name__} does not have a public constructor. Instances are returned by SSLContext.wrap_bio().")

    @classmethod
    def _create(cls, incoming, outgoing, server_side=False, server_hostname=None, session=None, context=None):
        if server_side:
            raise _unsupported("a TLS server")
        self = cls.__new__(cls)
        self._context = context
        self.server_side, self.server_hostname, self.session, self.session_reused = False, server_hostname, None, False
        self._engine = _Engine(context, incoming, outgoing, server_hostname)
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


class SSLSocket(_Described, socket.socket):
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
            raise _unsupported("a TLS server")
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
        self._engine = _Engine(self._context, MemoryBIO(), MemoryBIO(), self.server_hostname)
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
            data = memoryview(outgoing._data)[:_PIECE]
            try:
                sent = super().send(bytes(data))
            except BlockingIOError:
                raise SSLWantWriteError(SSL_ERROR_WANT_WRITE, "The operation did not complete (write)") from None
            finally:
                data.release()
            outgoing.read(sent)

    def _fill(self) -> None:
        try:
            records = super().recv(_PIECE)
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

    def _secured(self) -> _Engine:
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
        raise _unsupported("a TLS server")

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


# --- contexts


class SSLSession:
    """Sessions are resumed by the host, not by programs."""


class SSLContext:
    """Settings of sessions."""

    sslsocket_class, sslobject_class = SSLSocket, SSLObject
    keylog_filename = None
    post_handshake_auth = False
    sni_callback = None
    hostname_checks_common_name = False
    num_tickets = 2
    security_level = 2

    def __new__(cls, protocol=None, *_, **__):
        self = super().__new__(cls)
        self.protocol = _SSLMethod(2 if protocol is None else protocol)
        checked = protocol == _SSLMethod.PROTOCOL_TLS_CLIENT
        self._verify_mode = VerifyMode.CERT_REQUIRED if checked else VerifyMode.CERT_NONE
        self._check_hostname = checked
        self.verify_flags = VerifyFlags.VERIFY_X509_TRUSTED_FIRST
        self.options = Options.OP_ALL | Options.OP_NO_SSLv3
        self.minimum_version, self.maximum_version = TLSVersion.TLSv1_2, TLSVersion.MAXIMUM_SUPPORTED
        self._alpn: list[str] = []
        self._roots = b""
        return self

    @property
    def verify_mode(self) -> VerifyMode:
        return self._verify_mode

    @verify_mode.setter
    def verify_mode(self, value) -> None:
        value = VerifyMode(value)
        if value == VerifyMode.CERT_NONE and self._check_hostname:
            raise ValueError("Cannot set verify_mode to CERT_NONE when check_hostname is enabled.")
        self._verify_mode = value

    @property
    def check_hostname(self) -> bool:
        return self._check_hostname

    @check_hostname.setter
    def check_hostname(self, value) -> None:
        self._check_hostname = bool(value)
        if value and self._verify_mode == VerifyMode.CERT_NONE:
            self._verify_mode = VerifyMode.CERT_REQUIRED

    def _settings(self, server_hostname: str | None):
        name = server_hostname or ""
        if not name and self._verify_mode != VerifyMode.CERT_NONE:
            raise _unsupported("a verified session without server_hostname")
        try:
            name.encode("ascii")
        except UnicodeEncodeError:
            name = name.encode("idna").decode("ascii")
        return client.Settings(
            server_name=name or "unknown.invalid",
            alpn=list(self._alpn),
            extra_roots=self._roots or None,
            verify=self._verify_mode != VerifyMode.CERT_NONE,
        )

    def wrap_socket(
        self, sock, server_side=False, do_handshake_on_connect=True, suppress_ragged_eofs=True,
        server_hostname=None, session=None,
    ):  # fmt: skip
        return self.sslsocket_class._create(
            sock, server_side, do_handshake_on_connect, suppress_ragged_eofs, server_hostname, self, session
        )

    def wrap_bio(self, incoming, outgoing, server_side=False, server_hostname=None, session=None):
        return self.sslobject_class._create(incoming, outgoing, server_side, server_hostname, session, self)

    def load_verify_locations(self, cafile=None, capath=None, cadata=None) -> None:
        if cafile is None and capath is None and cadata is None:
            raise TypeError("cafile, capath and cadata cannot be all omitted")
        found = b""
        if cafile is not None:
            with open(cafile, "rb") as file:
                found += file.read(_MAX_ROOTS + 1) + b"\n"
        if capath is not None:
            for name in sorted(os.listdir(capath)):
                with open(os.path.join(os.fsdecode(capath), name), "rb") as file:
                    found += file.read(_MAX_ROOTS + 1) + b"\n"
        if isinstance(cadata, str):
            found += cadata.encode("ascii")
        elif cadata is not None:
            found += DER_cert_to_PEM_cert(cadata).encode("ascii")
        if b"-----BEGIN" not in found:
            raise SSLError(SSL_ERROR_SSL, "no certificate found")
        if len(self._roots) + len(found) > _MAX_ROOTS:
            raise SSLError(SSL_ERROR_SSL, f"certificates of a context have at most {_MAX_ROOTS} bytes together")
        if found not in self._roots:
            self._roots += found

    def load_default_certs(self, purpose=Purpose.SERVER_AUTH) -> None:
        """The host's roots are always there."""

    def set_default_verify_paths(self) -> None:
        """The host's roots are always there."""

    def set_alpn_protocols(self, protocols) -> None:
        for protocol in protocols:
            if not 0 < len(protocol) < 256:
                raise SSLError(SSL_ERROR_SSL, "ALPN protocols must be 1 to 255 in length")
        self._alpn = list(protocols)

    def set_npn_protocols(self, protocols) -> None:
        """Gone from TLS itself."""

    def set_ciphers(self, ciphers) -> None:
        """The host offers only what is sound; a choice among it is not needed."""

    def set_ecdh_curve(self, curve) -> None:
        """As for ciphers."""

    def get_ciphers(self) -> list[dict]:
        names = ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256")
        return [{"name": name, "protocol": "TLSv1.3"} for name in names]

    def load_cert_chain(self, certfile, keyfile=None, password=None) -> None:
        raise _unsupported("a certificate of one's own")

    def load_dh_params(self, path) -> None:
        raise _unsupported("a TLS server")

    def get_ca_certs(self, binary_form=False) -> list:
        ders = [PEM_cert_to_DER_cert(text) for text in _pem_blocks(self._roots.decode("ascii", "replace"))]
        return ders if binary_form else [certificates.describe(der) for der in ders]

    def cert_store_stats(self) -> dict:
        count = len(_pem_blocks(self._roots.decode("ascii", "replace")))
        return {"x509": count, "crl": 0, "x509_ca": count}

    def session_stats(self) -> dict:
        return {}


_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def _pem_blocks(text: str) -> list[str]:
    blocks = []
    for part in text.split(_BEGIN)[1:]:
        body, end, _ = part.partition(_END)
        if end:
            blocks.append(f"{_BEGIN}{body}{_END}\n")
    return blocks


def create_default_context(purpose=Purpose.SERVER_AUTH, *, cafile=None, capath=None, cadata=None) -> SSLContext:
    if purpose is Purpose.CLIENT_AUTH:
        raise _unsupported("a TLS server")
    context = SSLContext(_SSLMethod.PROTOCOL_TLS_CLIENT)
    if cafile or capath or cadata:
        context.load_verify_locations(cafile, capath, cadata)
    return context


def _create_unverified_context(
    protocol=None, *, cert_reqs=VerifyMode.CERT_NONE, check_hostname=False, purpose=Purpose.SERVER_AUTH,
    certfile=None, keyfile=None, cafile=None, capath=None, cadata=None,
):  # fmt: skip
    context = SSLContext(_SSLMethod.PROTOCOL_TLS_CLIENT)
    context.check_hostname = check_hostname
    context.verify_mode = cert_reqs
    if certfile or keyfile:
        context.load_cert_chain(certfile, keyfile)
    if cafile or capath or cadata:
        context.load_verify_locations(cafile, capath, cadata)
    return context


_create_default_https_context = create_default_context
_create_stdlib_context = _create_unverified_context


def get_default_verify_paths() -> DefaultVerifyPaths:
    return DefaultVerifyPaths(None, None, "SSL_CERT_FILE", "/etc/ssl/cert.pem", "SSL_CERT_DIR", "/etc/ssl/certs")


def get_server_certificate(addr, ssl_version=None, ca_certs=None, timeout=None) -> str:
    context = create_default_context(cafile=ca_certs) if ca_certs else _create_unverified_context()
    arguments = {} if timeout is None else {"timeout": timeout}
    with socket.create_connection(addr, **arguments) as sock:
        with context.wrap_socket(sock, server_hostname=addr[0]) as secured:
            return DER_cert_to_PEM_cert(secured.getpeercert(True))


def DER_cert_to_PEM_cert(der_cert_bytes) -> str:
    import base64

    text = base64.b64encode(der_cert_bytes).decode("ascii")
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([_BEGIN, *lines, _END, ""])


def PEM_cert_to_DER_cert(pem_cert_string) -> bytes:
    import base64

    text = pem_cert_string.strip()
    if not text.startswith(_BEGIN):
        raise ValueError(f"Invalid PEM encoding; must start with {_BEGIN}")
    if not text.endswith(_END):
        raise ValueError(f"Invalid PEM encoding; must end with {_END}")
    return base64.decodebytes(text[len(_BEGIN) : -len(_END)].encode("ascii", "strict"))


def cert_time_to_seconds(cert_time: str) -> int:
    from calendar import timegm
    from time import strptime

    return timegm(strptime(cert_time, "%b %d %H:%M:%S %Y GMT"))


def get_protocol_name(protocol_code) -> str:
    try:
        return _SSLMethod(protocol_code).name
    except ValueError:
        return "<unknown>"


def RAND_bytes(n) -> bytes:
    return os.urandom(n)


def RAND_status() -> bool:
    return True


def RAND_add(string, entropy) -> None:
    """The host's randomness needs none."""


def install() -> None:
    """Becomes `ssl`, before anything imports it."""
    sys.modules["ssl"] = sys.modules[__name__]
