"""The record of everything that reached the upstream: what receivers did, in memory."""

from collections import deque
from collections.abc import Callable
from itertools import islice

import msgspec

from ghlctl.model.effect import LedgerEntry

BODY_BYTES = 64 * 1024
PAGE_ENTRIES = 10_000
PAGE_ENTRIES_MAX = 100_000


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Entries in order. `next` is what to ask `after` for the following page.

    `truncated`: entries after the one asked for were dropped before this reading.
    """

    entries: tuple[LedgerEntry, ...]
    next: int
    truncated: bool = False


class Ledger:
    """Bounded by entries and by bytes of bodies: the oldest entries go first, never silently."""

    def __init__(
        self,
        max_entries: int,
        max_bytes: int,
        copy: Callable[[LedgerEntry], None] | None = None,
    ) -> None:
        """`copy` is given every entry as it comes."""
        self._copy = copy
        self._entries: deque[LedgerEntry] = deque()
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._bytes = 0
        self._last = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def last(self) -> int:
        """The number of the newest entry; 0 before the first."""
        return self._last

    def record(
        self,
        *,
        at_unix_ns: int,
        method: str,
        path: str,
        status: int,
        applied: bool,
        location_id: str,
        idempotency_key: str,
        body: bytes,
    ) -> LedgerEntry:
        self._last += 1
        text = body[:BODY_BYTES].decode(errors="replace")
        entry = LedgerEntry(
            self._last,
            at_unix_ns,
            method,
            path,
            status,
            applied,
            location_id,
            idempotency_key,
            text,
        )
        self._entries.append(entry)
        self._bytes += len(text)
        while len(self._entries) > self._max_entries or self._bytes > self._max_bytes:
            self._bytes -= len(self._entries.popleft().body)
        if self._copy is not None:
            self._copy(entry)
        return entry

    def page(self, after: int, limit: int = PAGE_ENTRIES) -> Page:
        """The entries numbered above `after`, at most `limit`."""
        first = self._last - len(self._entries) + 1
        start = max(0, after + 1 - first)
        entries = tuple(islice(self._entries, start, start + limit))
        reached = entries[-1].seq if entries else max(after, 0)
        return Page(entries, reached, truncated=max(after, 0) + 1 < first)
