"""The state behind the API. A record nobody made here is made when it is first spoken of.

Events are generated elsewhere, so the API cannot know their contacts beforehand: any id that was
not deleted exists. Records belong to a location; the same id in another location is another record.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

from ghlctl.upstream.answers import Json


class Kind(StrEnum):
    CONTACT = "contact"
    OPPORTUNITY = "opportunity"
    APPOINTMENT = "appointment"
    NOTE = "note"


@dataclass(slots=True)
class Crm:
    _records: dict[tuple[Kind, str, str], Json] = field(default_factory=dict)
    _deleted: set[tuple[Kind, str, str]] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def create(self, kind: Kind, location: str, fields: Json) -> Json:
        return self._store(kind, location, f"{kind}{next(self._numbers):012d}", fields)

    def find(self, kind: Kind, location: str, record_id: str) -> Json | None:
        """The record, made on first sight; None once it was deleted."""
        key = (kind, location, record_id)
        if key in self._deleted:
            return None
        return self._records.get(key) or self._store(kind, location, record_id, {})

    def delete(self, kind: Kind, location: str, record_id: str) -> bool:
        """Whether there was something left to delete."""
        key = (kind, location, record_id)
        known = key not in self._deleted
        self._deleted.add(key)
        self._records.pop(key, None)
        return known

    def contact_like(self, location: str, fields: Json) -> Json | None:
        """The contact of this location with the same e-mail or telephone number."""
        for (kind, place, _), record in self._records.items():
            if kind is Kind.CONTACT and place == location and _same_person(record, fields):
                return record
        return None

    def _store(self, kind: Kind, location: str, record_id: str, fields: Json) -> Json:
        record: Json = {"id": record_id, "locationId": location}
        if kind is Kind.CONTACT:
            record |= {"tags": [], "customFields": []}
        write(record, fields)
        self._records[kind, location, record_id] = record
        return record


def write(record: Json, fields: Json) -> None:
    """Set every given field; custom fields are set one by one, identity is never changed."""
    for name, value in fields.items():
        if name == "customFields":
            record[name] = _merged(record.get(name, []), value)
        elif name not in ("id", "locationId"):
            record[name] = value


def _merged(known: list[Json], given: list[Json]) -> list[Json]:
    fields = {_name(item): item for item in known}
    fields |= {_name(item): item for item in given}
    return list(fields.values())


def _name(item: Json) -> str:
    return str(item.get("id") or item.get("key"))


def _same_person(record: Json, fields: Json) -> bool:
    return any(fields.get(k) and record.get(k) == fields[k] for k in ("email", "phone"))
