"""Exceptions of the `ssl` module, and which of them a refusal of the host is."""

from wit_world.imports import client

from .names import SSL_ERROR_SSL, SSL_ERROR_ZERO_RETURN


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


def of(refusal) -> SSLError:
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


def unsupported(what: str) -> SSLError:
    return SSLError(SSL_ERROR_SSL, f"{what} is not supported: TLS is done by the sandbox's host, for clients only")
