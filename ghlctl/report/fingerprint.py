"""Names by which a CI service knows a finding again, run after run."""

import hashlib
from urllib.parse import urlsplit


def fingerprint(*parts: str) -> str:
    """A stable hexadecimal name of these parts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def route(receiver: str) -> str:
    """A receiver's path alone: a CI job starts it on another port every time."""
    return urlsplit(receiver).path or receiver
