"""The state behind the API. A record nobody made here is made when it is first spoken of.

Events are generated elsewhere, so the API cannot know their contacts beforehand: any id that was
not deleted exists. Records belong to a location; the same id in another location is another record.
Notes and tasks belong to a record as well, which `within` names.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count

from ghlctl.upstream.answers import Json


class Kind(StrEnum):
    CONTACT = "contact"
    OPPORTUNITY = "opportunity"
    APPOINTMENT = "appointment"
    BLOCK = "block"
    CALENDAR = "calendar"
    NOTE = "note"
    TASK = "task"


_Place = tuple[Kind, str, str]
_PERSONAL = ("email", "phone")


@dataclass(slots=True)
class Crm:
    _records: dict[_Place, dict[str, Json]] = field(default_factory=dict)
    _deleted: set[tuple[_Place, str]] = field(default_factory=set)
    _people: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def create(self, kind: Kind, location: str, fields: Json, within: str = "") -> Json:
        added = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record_id = f"{kind}{next(self._numbers):012d}"
        record = self._store((kind, location, within), record_id, {"dateAdded": added})
        self.write(kind, record, fields)
        return record

    def find(self, kind: Kind, location: str, record_id: str, within: str = "") -> Json | None:
        """The record, made on first sight; None once it was deleted."""
        place = (kind, location, within)
        if (place, record_id) in self._deleted:
            return None
        known = self._records.get(place)
        record = None if known is None else known.get(record_id)
        return self._store(place, record_id, {}) if record is None else record

    def known(self, kind: Kind, location: str, record_id: str) -> bool:
        """Whether it was made or spoken of, and not deleted."""
        return record_id in self._records.get((kind, location, ""), {})

    def all(self, kind: Kind, location: str, within: str = "") -> list[Json]:
        """Every record that was made or spoken of, the oldest first."""
        return list(self._records.get((kind, location, within), {}).values())

    def delete(self, kind: Kind, location: str, record_id: str, within: str = "") -> bool:
        """Whether there was something left to delete."""
        place = (kind, location, within)
        left = (place, record_id) not in self._deleted
        self._deleted.add((place, record_id))
        self._records.get(place, {}).pop(record_id, None)
        return left

    def contact_like(self, location: str, fields: Json) -> Json | None:
        """The contact of this location with the same e-mail address, else telephone number."""
        contacts = self._records.get((Kind.CONTACT, location, ""), {})
        for name in _PERSONAL:
            value = fields.get(name)
            record = contacts.get(self._people.get((location, name, value), "")) if value else None
            if record is not None and record.get(name) == value:
                return record
        return None

    def write(self, kind: Kind, record: Json, fields: Json) -> None:
        """Set every given field, null clears it; custom fields are set one by one."""
        for name, value in fields.items():
            if name == "customFields" and value:
                record[name] = _merged(record.get(name, []), value)
            elif name in ("id", "locationId"):
                continue
            elif value is None:
                record.pop(name, None)
            else:
                record[name] = value
        if kind is Kind.CONTACT:
            for name in _PERSONAL:
                if fields.get(name):
                    self._people[record["locationId"], name, fields[name]] = record["id"]

    def _store(self, place: _Place, record_id: str, fields: Json) -> Json:
        kind, location, within = place
        record: Json = {"id": record_id, "locationId": location}
        if kind is Kind.CONTACT:
            record |= {"tags": [], "customFields": []}
        if within:
            record["contactId"] = within
        record |= fields
        self._records.setdefault(place, {})[record_id] = record
        return record


def _merged(known: list[Json], given: list[Json]) -> list[Json]:
    fields = {item.get("id") or item.get("key"): item for item in known}
    for item in given:
        fields[item.get("id") or item.get("key")] = item
    return list(fields.values())
