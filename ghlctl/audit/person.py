"""People who do not exist, whose details stand in one audit's deliveries and nowhere else. Pure."""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from ghlctl.audit.canary import Canary, fresh_canary
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.needles import digests, spellings
from ghlctl.audit.steps import Needle

_YEARS = (1925, 1949)  # nobody's log has dates of then
_CARD = "400000"  # handed out to nobody
_CUSTOM = "customFields"


@dataclass(frozen=True, slots=True)
class Detail:
    """`fields`: what payloads call it; `texts`: how people write it, as it is sent first."""

    name: str
    fields: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    canary: Canary
    details: tuple[Detail, ...]

    def needles(self) -> tuple[Needle, ...]:
        """Every detail, in every way of writing it, in every spelling."""
        return tuple(
            needle
            for detail in self.details
            for text in detail.texts
            for needle in spellings(f"the {detail.name}", text)
        )

    def digests(self) -> tuple[Needle, ...]:
        """Unsalted digests of the details by which people are looked up."""
        return tuple(
            needle
            for detail in self.details
            if detail.name in ("e-mail address", "phone number")
            for text in detail.texts
            for needle in digests(f"the {detail.name}", text)
        )

    def named(self, names: Iterable[str]) -> "Person":
        """The same person, known by these details alone."""
        wanted = frozenset(names)
        return replace(self, details=tuple(one for one in self.details if one.name in wanted))


def somebody(kit: Kit) -> Person:
    """Nobody has these details; the domain and the numbers are reserved for such uses."""
    canary = fresh_canary(kit.random)
    chance = Random(kit.random.getrandbits(64))
    first, last = f"Zoë{_letters(chance)}", f"Ødegård{_letters(chance)}"
    card = _card(chance)
    return Person(
        canary,
        (
            Detail("e-mail address", ("email",), (canary.email,)),
            Detail("phone number", ("phone",), _phone(chance)),
            Detail("first name", ("firstName", "first_name"), (first,)),
            Detail("last name", ("lastName", "last_name"), (last,)),
            Detail("full name", ("name", "fullName", "full_name"), (f"{first} {last}",)),
            Detail("street", ("address1",), (f"{chance.randint(1, 999)} {_letters(chance)} Row",)),
            Detail("date of birth", ("dateOfBirth", "date_of_birth"), (_born(chance),)),
            Detail("card number", (), (card, " ".join(card[at : at + 4] for at in (0, 4, 8, 12)))),
        ),
    )


def about(kit: Kit, person: Person, *, event_type: str = "", age_s: float = 0.0) -> Genuine:
    """A genuine delivery about the person: details stand where such a payload has them.

    Ids of the delivery are new each time; that of the contact stays.
    """
    canary = replace(person.canary, delivery_id=fresh_canary(kit.random).delivery_id)
    genuine = kit.genuine(canary=canary, event_type=event_type, age_s=age_s)
    payload = detailed(genuine.event.payload, person, kit.provider)
    event = replace(genuine.event, payload=payload)
    return replace(genuine, event=event, delivery=kit.with_payload(genuine, payload))


def detailed(payload: Mapping[str, Any], person: Person, provider: str = "ghl") -> dict[str, Any]:
    """The payload with the person's details; what is about no contact stays as it is."""
    if "email" not in payload:
        return dict(payload)
    told = dict(payload)
    for detail in person.details:
        told |= {field: detail.texts[0] for field in detail.fields if field in payload}
    if provider == "ghl":
        told |= {
            one.fields[0]: one.texts[0] for one in person.details if "dateOfBirth" in one.fields
        }
    if isinstance(fields := payload.get(_CUSTOM), list):
        noted = f"paid with {_text(person, 'card number')}, call in the evening"
        told[_CUSTOM] = [*fields, {"id": person.canary.contact_id[::-1], "value": noted}]
    return told


def told_in(payload: Mapping[str, Any], person: Person) -> Person:
    """The person as far as this payload tells of them."""
    text = repr(payload)
    return person.named(one.name for one in person.details if one.texts[0] in text)


def _text(person: Person, name: str) -> str:
    return next((one.texts[0] for one in person.details if one.name == name), "")


def _letters(chance: Random) -> str:
    return "".join(chance.choices(string.ascii_lowercase, k=9))


def _phone(chance: Random) -> tuple[str, ...]:
    """Numbers of fiction: 555-01xx in any area."""
    area, line = (
        f"{chance.randint(2, 9)}{chance.randint(0, 99):02d}",
        f"01{chance.randint(0, 99):02d}",
    )
    return (
        f"+1{area}555{line}",
        f"{area}555{line}",
        f"({area}) 555-{line}",
        f"{area}-555-{line}",
        f"{area}.555.{line}",
        f"{area} 555 {line}",
    )


def _born(chance: Random) -> str:
    return f"{chance.randint(*_YEARS)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"


def _card(chance: Random) -> str:
    """Sixteen digits that look like a card's, their check digit right."""
    digits = _CARD + "".join(chance.choices(string.digits, k=9))
    doubled = (int(one) * (2 - at % 2) for at, one in enumerate(digits))
    return digits + str(-sum(one // 10 + one % 10 for one in doubled) % 10)
