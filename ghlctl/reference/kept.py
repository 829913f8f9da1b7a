"""What is kept of a delivery beside its insight: unknown fields to the byte, and its own words."""

import functools
from typing import Any

import msgspec

from ghlctl.providers.ghl.event_types import EVENT_TYPES
from ghlctl.providers.ghl.fields import describe
from ghlctl.reference.incoming import Family, family_of
from ghlctl.reference.profile import Text, UnknownFields
from ghlctl.reference.words import body_text, plain

_BODY = "body"
_WORDS: dict[Family, tuple[str, ...]] = {
    Family.CONTACT: ("companyName",),
    Family.OPPORTUNITY: ("name",),
    Family.APPOINTMENT: ("title", "notes"),
    Family.RELATED: ("title", "subject", _BODY),
}
_INSIDE = {Family.APPOINTMENT: "appointment"}
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def kept_of(body: bytes, event_type: str, unknown: UnknownFields, text: Text) -> bytes:
    """JSON `{"words": {…}, "unknown": {…}}`, nothing where there is neither.

    Values of unknown fields are the bytes that came: no number is rounded, no escape rewritten.
    """
    family = family_of(event_type)
    if family is None or unknown is UnknownFields.DROPPED:
        return b""
    fields = _fields(body)
    inside = _INSIDE.get(family)
    about = _fields(bytes(fields.get(inside, b""))) if inside else fields
    known = known_fields(family)
    aside = {name: raw for name, raw in fields.items() if name not in known}
    if inside:
        aside |= {
            f"{inside}.{name}": raw
            for name, raw in about.items()
            if f"{inside}.{name}" not in known
        }
    said: dict[str, Any] = {"words": _words(family, event_type, about, text), "unknown": aside}
    said = {part: content for part, content in said.items() if content}
    return msgspec.json.encode(said) if said else b""


@functools.cache
def known_fields(family: Family) -> frozenset[str]:
    """Names of every documented field of the family's events; inner ones as `outer.inner`."""
    return frozenset(
        field.name
        for event_type in EVENT_TYPES
        if family_of(event_type) is family
        for field in describe(event_type).fields
    )


def _fields(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _FIELDS.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}  # lenient profiles also act on bodies without fields


def _words(
    family: Family, event_type: str, about: dict[str, msgspec.Raw], text: Text
) -> dict[str, str]:
    said = {name: _text(about.get(name)) for name in (*_WORDS[family], *_KINDS)}
    words = {name: said[name] for name in _WORDS[family] if said[name]}
    if text is Text.AS_IS:
        return words
    return {
        name: body_text(word, event_type, said) if name == _BODY else plain(word)
        for name, word in words.items()
    }


_KINDS = ("contentType", "messageType")


def _text(raw: msgspec.Raw | None) -> str:
    try:
        value = msgspec.json.decode(raw) if raw is not None else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    return value if isinstance(value, str) else ""
