"""Certificates in text form."""

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def blocks(text: str) -> list[str]:
    blocks = []
    for part in text.split(_BEGIN)[1:]:
        body, end, _ = part.partition(_END)
        if end:
            blocks.append(f"{_BEGIN}{body}{_END}\n")
    return blocks


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
