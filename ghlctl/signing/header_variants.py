"""Signature headers as they should have been, guessed from what they are."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from string import ascii_letters, digits

from ghlctl.model.delivery import Headers
from ghlctl.signing.encoding import from_base64, to_base64

_SIGNATURE_LETTERS = ascii_letters + digits + "+/_-"
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_PREFIXES = ("sha256=", "v0=", "v1,", "v1a,")


@dataclass(frozen=True, slots=True)
class Repair:
    """`kind` and `fault` say what was wrong with the header as it came."""

    kind: str
    fault: str
    headers: Headers


def repairs(headers: Headers, name: str) -> Iterator[Repair]:
    """The headers with the value of `name` put right, one guess after the other."""
    value = next((text for key, text in headers if key.lower() == name.lower()), None)
    if value is None:
        return
    for kind, fault, better in _guesses(value):
        if better != value:
            mended = tuple(
                (key, better if key.lower() == name.lower() else text) for key, text in headers
            )
            yield Repair(kind, fault, mended)


def _guesses(value: str) -> Iterator[tuple[str, str, str]]:
    bare = value.strip().strip("\"'")
    yield "whitespace", "there is white space around it", value.strip()
    yield "quoted", "it stands in quotation marks", bare
    before = bare.rstrip("=").rstrip(_SIGNATURE_LETTERS)
    text = bare[len(before) :]
    if not text:
        return
    standard = text.replace("-", "+").replace("_", "/")
    padded = _padded(standard)
    if standard != text:
        yield "url-safe", "it is url-safe base64, not standard base64", before + padded
    yield "unpadded", "its base64 has lost the = at its end", before + padded
    if _HEX.fullmatch(text):
        yield "uppercase", "its hexadecimal digits are in upper case", before + text.lower()
        yield "hex", "it is hexadecimal, not base64", before + to_base64(bytes.fromhex(text))
    raw = from_base64(padded)
    if raw is not None:
        yield "base64", "it is base64, not hexadecimal", before + raw.hex()
        yield from _encoded_twice(before, raw)
    for prefix in _PREFIXES:
        yield "prefix", f"its {prefix} at the start is missing", prefix + bare
        yield "prefix", f"it has a {prefix} that is not of this scheme", bare.removeprefix(prefix)


def _encoded_twice(before: str, raw: bytes) -> Iterator[tuple[str, str, str]]:
    try:
        inner = base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError):
        return
    yield "encoded-twice", "it was encoded in base64 twice", before + to_base64(inner)


def _padded(text: str) -> str:
    bare = text.rstrip("=")
    return bare + "=" * (-len(bare) % 4)
