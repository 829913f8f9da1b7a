"""The spellings in which a text may stand in a log, a store or a reply. Pure."""

import base64
import hashlib
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from ghlctl.audit.steps import Needle

_SHIFTS = 3
_LEAST_BASE64 = 8
_DIGESTS = ("md5", "sha1", "sha256")
_PREFIXES = (8, 16)


def spellings(name: str, text: str) -> tuple[Needle, ...]:
    """Verbatim, lower and upper case, and in JSON, URLs, HTML, base64 and hex; no two alike."""
    return _distinct(Needle(f"{name}, {how}", content) for how, content in _spelt(text))


def digests(name: str, text: str) -> tuple[Needle, ...]:
    """Unsalted digests, whole and their first characters: whoever guesses the text is sure.

    Digests of the text as it is and in lower case, in hex, and the first in base64.
    """
    found = []
    for form in dict.fromkeys((text, text.lower())):
        for algorithm in _DIGESTS:
            made = hashlib.new(algorithm, form.encode(), usedforsecurity=False)
            digest = made.hexdigest()
            found.append(Needle(f"{name}, {algorithm}", digest.encode()))
            found += [
                Needle(f"{name}, first {length} of {algorithm}", digest[:length].encode())
                for length in reversed(_PREFIXES)
            ]
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                written = encode(made.digest())[: _PREFIXES[-1]]
                found.append(Needle(f"{name}, {algorithm} in base64", written))
    return _distinct(found)


def found_in(content: bytes, needles: tuple[Needle, ...]) -> Needle | None:
    """The first needle that stands in the bytes."""
    return next((one for one in needles if one.content and one.content in content), None)


def _spelt(text: str) -> Iterator[tuple[str, bytes]]:
    raw = text.encode("utf-8", "surrogatepass")
    yield "as it is", raw
    yield "in lower case", text.lower().encode("utf-8", "surrogatepass")
    yield "in upper case", text.upper().encode("utf-8", "surrogatepass")
    yield "escaped for JSON", json.dumps(text)[1:-1].encode()
    yield "escaped for a URL", quote(raw, safe="").encode()
    yield "escaped for a URL", quote(raw, safe="@").encode()
    yield "escaped for a form", quote_plus(raw).encode()
    yield "escaped for HTML", html.escape(text).encode("utf-8", "surrogatepass")
    yield "in hex", raw.hex().encode()
    yield "in hex", raw.hex().upper().encode()
    for shift in range(_SHIFTS):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            inner = _inner_base64(encode(b"\0" * shift + raw), shift, len(raw))
            if len(inner) >= _LEAST_BASE64:
                yield "in base64", inner


def _inner_base64(encoded: bytes, shift: int, length: int) -> bytes:
    """The characters that are the same whatever stands before and after the text."""
    first = (shift * 8 + 5) // 6
    last = (shift + length) * 8 // 6
    return encoded[first:last]


def _distinct(needles: Iterator[Needle] | list[Needle]) -> tuple[Needle, ...]:
    return tuple({one.content: one for one in reversed(list(needles))}.values())[::-1]
