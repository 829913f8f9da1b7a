"""Deliveries fit to be shown: e-mail addresses, telephone numbers and names are masked."""

import json
import re
from typing import Any

_PERSONAL = frozenset(
    {
        "address",
        "address1",
        "addressline1",
        "addressline2",
        "bcc",
        "body",
        "cc",
        "companyname",
        "contactname",
        "dateofbirth",
        "email",
        "emailfrom",
        "emailto",
        "firstname",
        "from",
        "fromnumber",
        "fulladdress",
        "fullname",
        "html",
        "lastname",
        "message",
        "name",
        "notes",
        "phone",
        "phoneno",
        "postalcode",
        "recipient",
        "sender",
        "subject",
        "summary",
        "targets",
        "title",
        "to",
        "transcript",
    }
)
# Both are bounded, or a long body without an @ would take a time that grows with its square.
_EMAIL = re.compile(r"[^\s@<>\"',;:]{1,64}@[^\s@<>\"',;:]{1,255}")
_PHONE = re.compile(r"\+?\d[\d ().-]{6,30}\d")
LONGEST = 2000
"""Of a text that is looked through for addresses; what lies beyond is left out, not shown."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d")
_MASK = "•••"


def masked(body: bytes) -> str:
    """The body as text, compact where it is JSON; what is no text is only counted."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return f"({len(body)} bytes that are no UTF-8 text)"
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return masked_text(text)
    return json.dumps(_masked(value), ensure_ascii=False, separators=(",", ":"))


def masked_text(text: str) -> str:
    """Addresses and numbers anywhere in it; a name in plain text looks like any other word."""
    cut = text[:LONGEST]
    shown = _PHONE.sub(_unless_a_time, _EMAIL.sub(_MASK, cut))
    return shown if len(cut) == len(text) else shown + "…"


def _unless_a_time(found: re.Match[str]) -> str:
    return found[0] if _TIME.match(found[0]) else _MASK


def _masked(value: Any, name: str = "") -> Any:
    match value:
        case dict():
            return {key: _masked(inner, key) for key, inner in value.items()}
        case list():
            return [_masked(inner, name) for inner in value]
        case str() if name.replace("_", "").lower() in _PERSONAL and value:
            return value[0] + _MASK
        case str():
            return masked_text(value)
        case _:
            return value
