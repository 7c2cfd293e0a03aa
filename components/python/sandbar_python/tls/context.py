"""Settings of sessions, and the functions that make them."""

import os
import socket

from wit_world.imports import client

from .. import certificates
from . import pem
from .errors import SSLError, unsupported
from .names import (
    SSL_ERROR_SSL, DefaultVerifyPaths, Options, Purpose, TLSVersion, VerifyFlags, VerifyMode, _SSLMethod,
)  # fmt: skip
from .session import SSLObject
from .sockets import SSLSocket

_MAX_ROOTS = 1 << 20
"""Most bytes of certificates that one session takes."""


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
            raise unsupported("a verified session without server_hostname")
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
            found += pem.DER_cert_to_PEM_cert(cadata).encode("ascii")
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
        raise unsupported("a certificate of one's own")

    def load_dh_params(self, path) -> None:
        raise unsupported("a TLS server")

    def get_ca_certs(self, binary_form=False) -> list:
        ders = [pem.PEM_cert_to_DER_cert(text) for text in pem.blocks(self._roots.decode("ascii", "replace"))]
        return ders if binary_form else [certificates.describe(der) for der in ders]

    def cert_store_stats(self) -> dict:
        count = len(pem.blocks(self._roots.decode("ascii", "replace")))
        return {"x509": count, "crl": 0, "x509_ca": count}

    def session_stats(self) -> dict:
        return {}


def create_default_context(purpose=Purpose.SERVER_AUTH, *, cafile=None, capath=None, cadata=None) -> SSLContext:
    if purpose is Purpose.CLIENT_AUTH:
        raise unsupported("a TLS server")
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
            return pem.DER_cert_to_PEM_cert(secured.getpeercert(True))
