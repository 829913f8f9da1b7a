"""Contacts as the upstream last told them, for an hour."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

TTL_S = 3600.0
CONTACTS = 10_000


class ContactCache:
    """Least recently used go first. Keys are location and contact ids, values the API's JSON."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._contacts: OrderedDict[tuple[str, str], tuple[float, Any]] = OrderedDict()

    def get(self, location_id: str, contact_id: str) -> Any | None:
        key = (location_id, contact_id)
        expires, contact = self._contacts.get(key, (0.0, None))
        if contact is None or self._clock() >= expires:
            self._contacts.pop(key, None)
            return None
        self._contacts.move_to_end(key)
        return contact

    def put(self, location_id: str, contact_id: str, contact: Any) -> None:
        self._contacts[location_id, contact_id] = (self._clock() + TTL_S, contact)
        self._contacts.move_to_end((location_id, contact_id))
        if len(self._contacts) > CONTACTS:
            self._contacts.popitem(last=False)

    def forget(self, location_id: str, contact_id: str) -> None:
        self._contacts.pop((location_id, contact_id), None)
