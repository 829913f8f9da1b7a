"""Which deliveries a request in the ledger was made for."""

import hashlib
import re
from collections.abc import Collection, Container, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from ghlctl.model.effect import LedgerEntry

_WORD = re.compile(r"[0-9A-Za-z]+")
_RESOURCE = re.compile(r"(?=.*[0-9A-Z])[0-9A-Za-z_-]{8,}")
_LONGEST_RUN = 24  # words of one run that are tried together; a URL in a body is not searched whole


@dataclass(frozen=True, slots=True)
class Attribution:
    """The deliveries behind one request; `marked` where its idempotency key says so."""

    delivery_ids: tuple[str, ...]
    operation: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Attributor:
    """Attributes requests to `known` deliveries; `run` matches text that may hold an id."""

    known: Container[str]
    run: re.Pattern[str]

    def attribute(self, entry: LedgerEntry) -> Attribution | None:
        """By the key `<delivery id>:<operation>`, else by any known id in path or body.

        Without a key two requests are the same operation only where method, path and body are
        equal: two updates of one contact are then two operations, and a repeat is a repeat.
        """
        key = entry.idempotency_key
        at = key.find(":")
        while at > 0:
            if key[:at] in self.known:
                return Attribution((key[:at],), key[at + 1 :], marked=True)
            at = key.find(":", at + 1)
        found = self._ids_in(entry)
        if not found:
            return None
        return Attribution(found, _operation(entry), marked=False)

    def _ids_in(self, entry: LedgerEntry) -> tuple[str, ...]:
        path = unquote(entry.path) if "%" in entry.path else entry.path
        texts = (entry.idempotency_key, path, entry.body)
        return tuple(dict.fromkeys(id_ for text in texts for id_ in self._known_in(text)))

    def _known_in(self, text: str) -> Iterator[str]:
        for match in self.run.finditer(text):
            run = match.group()
            if run in self.known:
                yield run
            else:
                yield from self._known_within(run)

    def _known_within(self, run: str) -> Iterator[str]:
        """Ids that stand in a longer run between punctuation, longest first."""
        words = [match.span() for match in _WORD.finditer(run)][:_LONGEST_RUN]
        first = 0
        while first < len(words):
            last = self._longest(run, words, first)
            if last is None:
                first += 1
            else:
                yield run[words[first][0] : words[last][1]]
                first = last + 1

    def _longest(self, run: str, words: list[tuple[int, int]], first: int) -> int | None:
        for last in range(len(words) - 1, first - 1, -1):
            if run[words[first][0] : words[last][1]] in self.known:
                return last
        return None


def attributor(delivery_ids: Collection[str]) -> Attributor:
    """For these ids, whatever characters beside letters and digits they are written with."""
    alphabet = set("".join(delivery_ids))
    punctuation = "".join(re.escape(c) for c in sorted(alphabet) if not _WORD.fullmatch(c))
    shortest = min(map(len, delivery_ids), default=1)
    return Attributor(delivery_ids, re.compile(f"[0-9A-Za-z{punctuation}]{{{shortest},}}"))


@lru_cache(maxsize=4096)
def resource_id(path: str) -> str:
    """The first part of a path that looks like an id rather than a word; "" where none does."""
    parts = path.partition("?")[0].split("/")
    return next((part for part in parts if _RESOURCE.fullmatch(part)), "")


def _operation(entry: LedgerEntry) -> str:
    content = hashlib.blake2b(entry.body.encode(), digest_size=6).hexdigest()
    return f"{entry.method} {entry.path} {content}"
