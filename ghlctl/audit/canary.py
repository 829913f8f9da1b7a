"""What makes each request of an audit its own: effects are told apart by it, never by counting."""

import string
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import unquote

from ghlctl.model.effect import LedgerEntry

_ID_ALPHABET = string.ascii_letters + string.digits
_ID_LENGTH = 20  # as the platform's own record ids
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_PIECE = slice(7, 15)  # of a mark: after what all addresses begin with, and enough to be rare


@dataclass(frozen=True, slots=True)
class Canary:
    """Three marks that stand in the delivery and in nothing else that anybody sends."""

    delivery_id: str
    contact_id: str
    email: str

    def within(self, text: str) -> bool:
        """Whether one of the marks stands in a `searchable` text."""
        return any(mark.casefold() in text for mark in self.texts)

    @property
    def texts(self) -> tuple[str, str, str]:
        return (self.delivery_id, self.contact_id, self.email)


class Marks:
    """Whose canary stands in a text: as `within` of each one would say, without asking each."""

    def __init__(self) -> None:
        self._by_piece: dict[str, list[Canary]] = {}
        self._short: list[Canary] = []

    def add(self, canary: Canary) -> None:
        if any(len(mark) < _PIECE.stop for mark in canary.texts):
            self._short.append(canary)
            return
        for mark in canary.texts:
            self._by_piece.setdefault(mark.casefold()[_PIECE], []).append(canary)

    def within(self, text: str) -> list[Canary]:
        """All whose marks stand in a `searchable` text, each once."""
        width = _PIECE.stop - _PIECE.start
        pieces = {text[at : at + width] for at in range(len(text) - width + 1)}
        likely = [one for piece in self._by_piece.keys() & pieces for one in self._by_piece[piece]]
        return [one for one in dict.fromkeys([*likely, *self._short]) if one.within(text)]


def fresh_canary(random: Random) -> Canary:
    """A canary nobody has used: ids in the shapes of the platform's own, a reserved domain."""
    delivery_id = str(uuid.UUID(int=random.getrandbits(128), version=4))
    contact_id = "".join(random.choices(_ID_ALPHABET, k=_ID_LENGTH))
    mark = "".join(random.choices(string.ascii_lowercase + string.digits, k=12))
    return Canary(delivery_id, contact_id, f"ghlctl.{mark}@example.com")


def searchable(entry: LedgerEntry) -> str:
    """Everything in the upstream's ledger line that could carry a mark, in any usual encoding."""
    plain = f"{entry.path}\n{entry.idempotency_key}\n{entry.body}"
    return f"{plain}\n{unquote(plain)}".casefold()


def reads(entry: LedgerEntry) -> bool:
    return entry.method.upper() in _READING


@dataclass(frozen=True, slots=True)
class Footprint:
    """What acting looks like on this receiver, learnt from the genuine deliveries it accepted.

    A receiver that writes upstream acts when it writes; what it merely reads is no effect. Only
    where the genuine ones cause nothing but reading does reading count.
    """

    by_reading: bool = False
    applied: bool = True

    def acts(self, entries: Iterable[LedgerEntry]) -> int:
        """How many of these lines are attempts to act, whether the upstream let them or not."""
        return sum(1 for entry in entries if self.by_reading or not reads(entry))

    def effects(self, entries: Iterable[LedgerEntry]) -> int:
        """How many acts took effect: a failed attempt that was tried again counts once."""
        return sum(
            1
            for entry in entries
            if (self.by_reading or not reads(entry)) and (entry.applied or not self.applied)
        )


def footprint_of(accepted: Sequence[LedgerEntry]) -> Footprint:
    """`accepted`: the ledger's lines about genuine deliveries."""
    writes = [entry for entry in accepted if not reads(entry)]
    return Footprint(
        by_reading=not writes, applied=any(entry.applied for entry in writes or accepted)
    )


def marked(payload: Mapping[str, Any], canary: Canary) -> dict[str, Any]:
    """The payload about the canary's contact: its id and e-mail replaced wherever they stand."""
    replaced: dict[object, str] = {}
    for field, mark in (("id", canary.contact_id), ("contactId", canary.contact_id)):
        if isinstance(old := payload.get(field), str) and old:
            replaced = {old: mark}
    if isinstance(old := payload.get("email"), str) and old:
        replaced[old] = canary.email
    body = {name: _swapped(value, replaced) for name, value in payload.items()}
    return body | {"webhookId": canary.delivery_id}


def _swapped(value: Any, replaced: Mapping[object, str]) -> Any:
    match value:
        case dict():
            return {name: _swapped(inner, replaced) for name, inner in value.items()}
        case list():
            return [_swapped(inner, replaced) for inner in value]
        case str():
            return replaced.get(value, value)
        case _:
            return value
