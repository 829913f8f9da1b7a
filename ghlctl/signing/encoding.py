"""Base64 without its usual leniency: one text per value of bytes, or it is malformed."""

import base64
import binascii


def to_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def from_base64(text: str) -> bytes | None:
    """The bytes, or None for anything but canonical standard base64."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return None
    return raw if to_base64(raw) == text else None
