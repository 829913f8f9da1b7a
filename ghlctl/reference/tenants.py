"""Whose events the receiver acts on.

HighLevel signs for all apps with one key: a genuine signature proves that it sent the event to
somebody, and only the ids inside say to whom.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ghlctl.errors import UsageError
from ghlctl.store.keys import resolve_key

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REFERENCES = ("env:", "file:")


class _Named(msgspec.Struct, frozen=True):
    appId: Any = None  # noqa: N815 - the wire's own names
    companyId: Any = None  # noqa: N815 - HighLevel's name
    locationId: Any = None  # noqa: N815 - HighLevel's name
    altId: Any = None  # noqa: N815 - HighLevel's name
    altType: Any = None  # noqa: N815 - HighLevel's name


@dataclass(frozen=True, slots=True)
class Tenants:
    """Ids that may be named; where a kind has none, every id of that kind may be."""

    apps: frozenset[str] = frozenset()
    companies: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()

    @property
    def everyone(self) -> bool:
        return not (self.apps or self.companies or self.locations)

    def stranger_in(self, body: bytes, *, acts: bool) -> str | None:
        """Which id is none of ours, by its field's name; None where all are.

        An event that is acted on must name the location that it `acts` for. The app stands on every
        delivery; a company only on some.
        """
        if self.everyone:
            return None
        try:
            named = msgspec.json.decode(body, type=_Named)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return "body"
        said = [("appId", named.appId, self.apps)]
        if named.companyId is not None:
            said.append(("companyId", named.companyId, self.companies))
        if acts:
            said.append(("locationId", named.locationId, self.locations))
        said += [(name, value, self.locations) for name, value in _places(named)]
        return next((name for name, value, ours in said if ours and not _among(value, ours)), None)


def _places(named: _Named) -> list[tuple[str, Any]]:
    """Orders and invoices name their location as altId; for an agency altType is company."""
    places = [("locationId", named.locationId)]
    if named.altType in (None, "location"):
        places.append(("altId", named.altId))
    return [(name, value) for name, value in places if value is not None]


EVERYONE = Tenants()


def _among(value: Any, ours: frozenset[str]) -> bool:
    return isinstance(value, str) and value in ours


def ids_from(flag: str, given: Sequence[str], environ: Mapping[str, str]) -> frozenset[str]:
    """Ids as they stand, or `env:NAME` and `file:PATH` of many, apart by spaces, lines or commas.

    Raise UsageError for what is no id, and KeyMaterialError for a reference that holds none.
    """
    found: list[str] = []
    for each in given:
        text = each
        if each.startswith(_REFERENCES):
            text = resolve_key(each, environ).decode(errors="replace")
        found += re.split(r"[\s,]+", text.strip())
    for one in found:
        if not _ID.fullmatch(one):
            raise UsageError(
                f"{flag}: {one[:40]!r} is no id of HighLevel's",
                f"{flag} ve9EPM428h8vShlRW1KT, env:NAME or file:PATH",
            )
    return frozenset(found)
