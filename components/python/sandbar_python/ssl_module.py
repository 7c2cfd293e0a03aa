"""The `ssl` module over the host's TLS: certificates are checked by the host, keys stay there, and this side carries the
records through whatever connection it has. What needs OpenSSL itself (servers, client certificates, ciphers by name)
is refused in words.

| module | one concern |
| --- | --- |
| `tls.names` | constants |
| `tls.errors` | exceptions |
| `tls.session` | records, and what is known about a session |
| `tls.sockets` | sockets that speak TLS |
| `tls.context` | settings, and how sessions are made |
"""

import sys

from .tls import context, errors, names, pem, random, session, sockets
from .tls.names import _SSLMethod

for _part in (names, errors, pem, random, session, sockets, context):
    globals().update({name: thing for name, thing in vars(_part).items() if not name.startswith("__")})


def cert_time_to_seconds(cert_time: str) -> int:
    from calendar import timegm
    from time import strptime

    return timegm(strptime(cert_time, "%b %d %H:%M:%S %Y GMT"))


def get_protocol_name(protocol_code) -> str:
    try:
        return _SSLMethod(protocol_code).name
    except ValueError:
        return "<unknown>"


def install() -> None:
    """Becomes `ssl`, before anything imports it."""
    sys.modules["ssl"] = sys.modules[__name__]
