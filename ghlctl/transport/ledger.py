"""The upstream's ledger, read over HTTP page by page."""

import msgspec

from ghlctl.errors import NotMeasuredError
from ghlctl.model.effect import LedgerEntry
from ghlctl.transport.address import place_of, shown_url
from ghlctl.transport.attempt import Failure
from ghlctl.transport.reach import Reach

PAGE = 200
PAGE_BYTES = 64 * 1024 * 1024
"""Room for a page of entries whose bodies are all as long as the ledger keeps them."""

_OK = 200
_HINT = "start one with ghlctl upstream, and give its address with --upstream"


class _Page(msgspec.Struct, frozen=True):
    entries: list[LedgerEntry]
    next: int
    truncated: bool = False


class Ledger:
    """Reads forward only: each call of `fresh` returns what came since the last one."""

    def __init__(self, reach: Reach, upstream_url: str, *, after: int = 0) -> None:
        self._reach = reach
        self._shown = shown_url(upstream_url)
        self._address = place_of(upstream_url).origin + "/_ghlctl/ledger"
        self._after = after

    def fresh(self) -> list[LedgerEntry]:
        """All entries since the last call; NotMeasuredError when the ledger cannot be read."""
        found: list[LedgerEntry] = []
        while entries := self._page():
            found += entries
        return found

    def _page(self) -> list[LedgerEntry]:
        url = f"{self._address}?after={self._after}&limit={PAGE}"
        answer = self._reach.ask("GET", url, kept_bytes=PAGE_BYTES)
        if isinstance(answer, Failure):
            raise NotMeasuredError(
                f"the upstream {self._shown} cannot be read: {answer.text}", _HINT
            )
        try:
            page = msgspec.json.decode(answer.body, type=_Page)
        except (msgspec.DecodeError, UnicodeDecodeError):
            page = None
        if answer.status != _OK or page is None:
            raise NotMeasuredError(f"the upstream {self._shown} keeps no ledger", _HINT)
        if page.truncated or page.next < self._after:
            gone = "its ledger is full" if page.truncated else "it was started anew"
            raise NotMeasuredError(
                f"the upstream {self._shown} has lost effects: {gone}",
                "start the upstream afresh, leave it running, and measure again",
            )
        if page.next == self._after:
            return []
        self._after = page.next
        return page.entries


def read_ledger(upstream_url: str, after: int = 0, *, timeout_s: float = 10.0) -> list[LedgerEntry]:
    """Every entry after sequence number `after`; NotMeasuredError when it cannot be read."""
    with Reach(timeout_s=timeout_s) as reach:
        return Ledger(reach, upstream_url, after=after).fresh()
