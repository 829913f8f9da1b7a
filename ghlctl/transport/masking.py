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
        "dateofbirth",
        "emailfrom",
        "emailto",
        "from",
        "fromnumber",
        "fulladdress",
        "html",
        "message",
        "notes",
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
_PERSONAL_ENDS = ("name", "names", "email", "emails", "phone", "phones", "mobile")
"""However the field begins: contact_name, opportunityName, To-Email."""

# All are bounded, or a long body without an @ would take a time that grows with its square.
_EMAIL = re.compile(r"[^\s@<>\"',;:&=]{1,64}(?:@|%40)[^\s@<>\"',;:&]{1,255}")
# Not inside an id: neither side touches a letter, nor a hexadecimal digit beyond a hyphen.
_PHONE = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9A-Fa-f]-)(?:\+|%2B)?\d[\d ().-]{6,30}\d(?!-?[0-9A-Fa-f]|[G-Zg-z])"
)
_FIELD = re.compile(
    r"""([\w.\[\]-]{1,64})(["']?\s{0,8}[:=]\s{0,8}["']?)([^"'&,;<>{}\r\n]{1,200})"""
)
"""A named value in what is no JSON: a form, a cut body, a log line."""
LONGEST = 2000
"""Of a text that is looked through for addresses; what lies beyond is left out, not shown."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d")
_NO_LETTERS = re.compile(r"[^A-Za-z0-9]")
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
    """Addresses and numbers anywhere, and what stands beside a personal field's name.

    A person's name in running text looks like any other word and stays.
    """
    cut = text[:LONGEST]
    named = _FIELD.sub(_unless_impersonal, cut)
    shown = _PHONE.sub(_unless_a_time, _EMAIL.sub(_MASK, named))
    return shown if len(cut) == len(text) else shown + "…"


def _unless_impersonal(found: re.Match[str]) -> str:
    name, between, value = found.groups()
    return f"{name}{between}{value[0]}{_MASK}" if is_personal(name) else found[0]


def is_personal(name: str) -> bool:
    """Whether a field of this name tells who somebody is."""
    plain = _NO_LETTERS.sub("", name.rpartition(".")[2]).lower()
    return plain in _PERSONAL or plain.endswith(_PERSONAL_ENDS)


def _unless_a_time(found: re.Match[str]) -> str:
    return found[0] if _TIME.match(found[0]) else _MASK


def _masked(value: Any, name: str = "") -> Any:
    match value:
        case dict():
            return {key: _masked(inner, key) for key, inner in value.items()}
        case list():
            return [_masked(inner, name) for inner in value]
        case str() if is_personal(name) and value:
            return value[0] + _MASK
        case str():
            return masked_text(value)
        case int() | float() if is_personal(name) and not isinstance(value, bool):
            return _MASK
        case _:
            return value
