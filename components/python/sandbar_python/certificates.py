"""What `getpeercert()` tells of a certificate: enough of X.509, read from its DER form.

The certificate has been verified by the host; this only describes it. Whatever is malformed is left out.
"""

_NAMES = {
    "2.5.4.3": "commonName", "2.5.4.5": "serialNumber", "2.5.4.6": "countryName", "2.5.4.7": "localityName",
    "2.5.4.8": "stateOrProvinceName", "2.5.4.9": "streetAddress", "2.5.4.10": "organizationName",
    "2.5.4.11": "organizationalUnitName", "1.2.840.113549.1.9.1": "emailAddress",
    "0.9.2342.19200300.100.1.25": "domainComponent",
}  # fmt: skip
_ALTERNATIVE_NAMES = "2.5.29.17"
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_SEQUENCE, _SET, _IDENTIFIER, _INTEGER, _OCTETS, _BOOLEAN = 0x30, 0x31, 0x06, 0x02, 0x04, 0x01
_UTC_TIME, _LONG_TIME, _VERSION, _EXTENSIONS = 0x17, 0x18, 0xA0, 0xA3


def describe(der: bytes) -> dict:
    """The dictionary of `ssl.SSLSocket.getpeercert()`."""
    try:
        return _describe(bytes(der))
    except (IndexError, ValueError):
        return {}


def _describe(der: bytes) -> dict:
    certificate = _children(_one(der, _SEQUENCE))
    parts = _children(_expect(certificate[0], _SEQUENCE))
    version = 1
    if parts[0][0] == _VERSION:
        version = int.from_bytes(_one(parts[0][1], _INTEGER)) + 1
        parts = parts[1:]
    serial, _, issuer, validity, subject = parts[:5]
    begin, end = _children(validity[1])
    found = {
        "subject": _name(subject[1]),
        "issuer": _name(issuer[1]),
        "version": version,
        "serialNumber": _serial(serial[1]),
        "notBefore": _time(*begin),
        "notAfter": _time(*end),
    }
    for tag, body in parts[6:]:
        if tag == _EXTENSIONS:
            names = _alternative_names(_one(body, _SEQUENCE))
            if names:
                found["subjectAltName"] = names
    return found


def _read(data: bytes, at: int) -> tuple[int, bytes, int]:
    """Tag, contents and end of the element at a position."""
    tag, length = data[at], data[at + 1]
    at += 2
    if length & 0x80:
        count = length & 0x7F
        if not 0 < count <= 4:
            raise ValueError("length")
        length = int.from_bytes(data[at : at + count])
        at += count
    if at + length > len(data):
        raise ValueError("truncated")
    return tag, data[at : at + length], at + length


def _children(data: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at < len(data):
        tag, body, at = _read(data, at)
        found.append((tag, body))
    return found


def _expect(element: tuple[int, bytes], tag: int) -> bytes:
    if element[0] != tag:
        raise ValueError("tag")
    return element[1]


def _one(data: bytes, tag: int) -> bytes:
    return _expect(_read(data, 0)[:2], tag)


def _serial(body: bytes) -> str:
    text = body.lstrip(b"\0").hex().upper()
    return text or "00"


def _identifier(body: bytes) -> str:
    numbers, value = [], 0
    for byte in body:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))


def _name(body: bytes) -> tuple:
    result = []
    for _, relative in _children(body):
        pairs = []
        for _, pair in _children(relative):
            (_, identifier), (tag, value) = _children(pair)[:2]
            identifier = _identifier(identifier)
            text = value.decode("utf-16-be" if tag == 0x1E else "utf-8", "replace")
            pairs.append((_NAMES.get(identifier, identifier), text))
        result.append(tuple(pairs))
    return tuple(result)


def _time(tag: int, body: bytes) -> str:
    text = body.decode("ascii")
    if tag == _UTC_TIME:
        text = ("20" if int(text[:2]) < 50 else "19") + text
    elif tag != _LONG_TIME:
        raise ValueError("time")
    year, month, day, clock = text[:4], int(text[4:6]), int(text[6:8]), text[8:14]
    return f"{_MONTHS[month - 1]} {day:2d} {clock[:2]}:{clock[2:4]}:{clock[4:6]} {year} GMT"


def _alternative_names(extensions: bytes) -> tuple:
    for _, extension in _children(extensions):
        parts = _children(extension)
        if _identifier(_expect(parts[0], _IDENTIFIER)) != _ALTERNATIVE_NAMES:
            continue
        names = []
        for tag, value in _children(_one(_expect(parts[-1], _OCTETS), _SEQUENCE)):
            kind = tag & 0x1F
            if kind == 2:
                names.append(("DNS", value.decode("ascii", "replace")))
            elif kind == 1:
                names.append(("email", value.decode("ascii", "replace")))
            elif kind == 6:
                names.append(("URI", value.decode("ascii", "replace")))
            elif kind == 7:
                names.append(("IP Address", _address(value)))
        return tuple(names)
    return ()


def _address(value: bytes) -> str:
    if len(value) == 4:
        return ".".join(map(str, value))
    return ":".join(f"{int.from_bytes(value[at : at + 2]):X}" for at in range(0, len(value), 2))
