"""Whether a contact lets itself be acted on: what events and the upstream say of that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

REFUSED = frozenset({"active", "permanent"})  # the status of do-not-disturb, not of the channel


@dataclass(frozen=True, slots=True)
class OptOutField:
    """A custom field, by its id or key; `required`: opted out unless it holds the value."""

    name: str
    value: str
    required: bool


class Stated(msgspec.Struct, frozen=True):
    """The fields of a contact that speak of consent, as the wire has them."""

    dnd: Any = None
    dndSettings: Any = None  # noqa: N815 - the wire's own name, as below
    customFields: Any = None  # noqa: N815 - HighLevel's name


class OptedOutError(Exception):
    """The contact does not want what was about to be done."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Whether consent is asked for at all, and where it is said beside do-not-disturb."""

    asked: bool
    fields: tuple[OptOutField, ...] = ()

    def said_in(self, body: bytes) -> bool | None:
        """Whether a delivery says that its contact opted out; None if it says nothing."""
        return opted_out(stated_in(body), self.fields, whole=False) if self.asked else None

    def require(self, stated: Stated) -> None:
        """Raise OptedOutError for an upstream contact that opted out."""
        if self.asked and opted_out(stated, self.fields, whole=True):
            raise OptedOutError


def stated_in(body: bytes) -> Stated:
    """What a delivery's body says, nothing where it cannot be read."""
    try:
        return msgspec.json.decode(body, type=Stated)
    except (ValueError, RecursionError):
        return Stated()


def opted_out(stated: Stated, fields: Sequence[OptOutField], *, whole: bool) -> bool | None:
    """None where nothing is said of it.

    `whole`: this is all that is known of the contact, so that a field which it does not have is
    one that it does not have.
    """
    words = [_said_by_dnd(stated.dnd), _said_by_channels(stated.dndSettings)]
    words += [_said_by_field(field, stated.customFields, whole=whole) for field in fields]
    if True in words:
        return True
    return False if False in words else None


def _said_by_dnd(dnd: Any) -> bool | None:
    match dnd:
        case bool():
            return dnd
        case str() if dnd.strip().casefold() in ("true", "false"):
            return dnd.strip().casefold() == "true"
        case _:
            return None


def _said_by_channels(channels: Any) -> bool | None:
    """Opted out of all there are; of some alone forbids nothing that this receiver does."""
    if not isinstance(channels, Mapping) or not channels:
        return None
    return all(
        isinstance(channel, Mapping) and str(channel.get("status")).casefold() in REFUSED
        for channel in channels.values()
    )


def _said_by_field(field: OptOutField, custom: Any, *, whole: bool) -> bool | None:
    if not isinstance(custom, list):
        return True if field.required and whole else None
    for one in custom:
        if isinstance(one, Mapping) and field.name in (one.get("id"), one.get("key")):
            held = field.value in _values(one)
            return held != field.required
    # An event lists the fields that a contact has; one that is not there holds nothing.
    return field.required


def _values(custom: Mapping[str, Any]) -> set[str]:
    """Of a field of several values each; `true` is how JSON says yes."""
    found = next((custom[n] for n in ("value", "field_value", "fieldValue") if n in custom), None)
    return {_text(value) for value in (found if isinstance(found, list) else [found])}


def _text(value: Any) -> str:
    return str(value).strip().casefold()
