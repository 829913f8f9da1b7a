"""Personal details in a text, found by their form or by their value, in every usual encoding."""

import base64
import binascii
import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

MASK = "[redacted]"
ENCODED_FROM = 12  # characters; shorter words are words
DIGEST_SHOWN = 8  # characters by which an unsalted digest is found again in a dictionary

_UUID = r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"
_EMAIL = r"[\w.!#$%&'*+/=?^`{|}~-]+(?:@|%40|&#64;|\\u0040)[\w-]+(?:\.[\w-]+)+"
# Telephone and card numbers and days of birth; spaces, dots, hyphens and brackets may part digits.
_NUMBER = r"(?<![\w.])(?:\+|%2[bB]|00)?\(?\d(?:[\s().\-/]{0,3}\d){6,}(?!\w)"
_FORMS = re.compile(f"(?P<id>{_UUID})|{_EMAIL}|{_NUMBER}")
_TOKEN = re.compile(rf"(?P<id>{_UUID})|[A-Za-z0-9+/_=%\\&#;.@:-]{{{ENCODED_FROM},}}")
_HEX = re.compile(r"[0-9a-fA-F]+")
_DIGEST = re.compile(r"\b[0-9a-fA-F]{32,}\b")
_ALIGNMENTS = range(4)


def redacted(text: str, values: Iterable[str] = ()) -> str:
    """The text without what looks personal, and without `values` however they are written."""
    known = [value for value in values if value]
    for written in sorted(_found_in(text, known), key=len, reverse=True):
        text = re.sub(re.escape(written), MASK, text, flags=re.IGNORECASE)
    text = _TOKEN.sub(partial(_without_encoded, known), text)
    text = _DIGEST.sub(MASK, text)
    return _FORMS.sub(_masked, text)


def _found_in(text: str, known: list[str]) -> set[str]:
    """Which writings of the values stand in the text: hardly ever one of many."""
    folded, lowered = text.casefold(), text.lower()
    return {
        written
        for written in _written(known)
        if written.casefold() in folded or written.lower() in lowered
    }


def _masked(found: re.Match[str]) -> str:
    return found[0] if found["id"] else MASK


def _without_encoded(known: list[str], found: re.Match[str]) -> str:
    if found["id"]:
        return found[0]
    for decoded in _decoded(found[0]):
        folded = decoded.casefold()
        personal = any(not form["id"] for form in _FORMS.finditer(decoded))
        if personal or any(value.casefold() in folded for value in known):
            return MASK
    return found[0]


def _decoded(token: str) -> Iterator[str]:
    """All that a token may stand for; what decodes to no text stands for none."""
    plain = unquote_plus(html.unescape(token))
    if "\\" in token:
        plain = plain.encode("ascii", "ignore").decode("unicode_escape", "ignore")
    if plain != token:
        yield plain
    if _HEX.fullmatch(token):
        for start in (0, 1):
            whole = token[start:]
            yield from _text(binascii.unhexlify(whole[: len(whole) // 2 * 2]))
    letters = re.sub(r"[^A-Za-z0-9+/]", "", token.replace("-", "+").replace("_", "/"))
    for start in _ALIGNMENTS:
        whole = letters[start:]
        yield from _text(base64.b64decode(whole[: len(whole) // 4 * 4]))


def _text(raw: bytes) -> Iterator[str]:
    """As far as it is text: a token may begin or end within other bytes."""
    for part in re.findall(rb"[\x20-\x7e\x80-\xff]{6,}", raw):
        yield part.decode("utf-8", "ignore")


def _written(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield value
        yield json.dumps(value)[1:-1]
        yield repr(value)[1:-1]
        yield html.escape(value)
        yield html.escape(value, quote=False)
        yield quote(value)
        yield quote(value, safe="")
        yield quote_plus(value)
        raw = value.encode(errors="surrogatepass")
        yield raw.hex()
        yield repr(raw)[2:-1]
        yield from _in_base64(raw)
        for same in {raw, value.strip().casefold().encode(errors="surrogatepass")}:
            yield from (digest(same).hexdigest()[:DIGEST_SHOWN] for digest in _DIGESTS)


_DIGESTS: tuple[Any, ...] = (
    partial(hashlib.md5, usedforsecurity=False),
    partial(hashlib.sha1, usedforsecurity=False),
    hashlib.sha256,
)


def _in_base64(raw: bytes) -> Iterator[str]:
    """Those letters that are the same wherever in a longer text the bytes stand."""
    if len(raw) < 5:  # noqa: PLR2004 - too few letters are left to mean anything
        return
    for before in range(3):
        skipped = (before * 4 + 2) // 3
        bits = (before + len(raw)) * 8
        whole = base64.b64encode(b"\0" * before + raw).decode()[skipped : bits // 6]
        yield whole
        yield whole.replace("+", "-").replace("/", "_")
