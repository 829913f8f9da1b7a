"""Who tells what the receiver did: the upstream's ledger, or something in its place.

That is a command, an HTTP question about the receiver's state, or lines of its log. All but the
ledger are asked about single canaries; what they tell becomes ledger lines, so that checks need
not know who told it.
"""

import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

from ghlctl.audit.canary import Canary
from ghlctl.audit.commands import filled_in, run_command, words_of
from ghlctl.audit.logs import Logs
from ghlctl.errors import NotMeasuredError, UsageError
from ghlctl.model.delivery import Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.transport.ledger import Ledger
from ghlctl.transport.reach import Reach

_FOUND = range(200, 300)
_NOT_FOUND = (404, 410)


class Witness(Protocol):
    """`poll_s`: how often it may be asked."""

    @property
    def poll_s(self) -> float: ...

    def fresh(self, canaries: Collection[Canary]) -> list[LedgerEntry]:
        """What it knows since the last call; only the ledger tells of others than `canaries`."""
        ...


@dataclass(frozen=True, slots=True)
class LedgerWitness:
    ledger: Ledger
    poll_s: float = 0.05

    def fresh(self, canaries: Collection[Canary]) -> list[LedgerEntry]:  # noqa: ARG002 - it knows of all
        return self.ledger.fresh()


@dataclass(slots=True)
class Counting:
    """Asks `acts` about each canary, and tells of each act once; `name` is shown as its method."""

    name: str
    acts: Callable[[Canary], int]
    poll_s: float
    _known: dict[Canary, int] = field(default_factory=dict)
    _told: int = 0

    def fresh(self, canaries: Collection[Canary]) -> list[LedgerEntry]:
        lines = []
        for canary in canaries:
            count = self.acts(canary)
            new = count - self._known.get(canary, 0)
            self._known[canary] = max(count, self._known.get(canary, 0))
            lines += [self._line(canary) for _ in range(new)]
        return lines

    def _line(self, canary: Canary) -> LedgerEntry:
        self._told += 1
        return LedgerEntry(
            seq=self._told,
            at_unix_ns=time.time_ns(),
            method=self.name,
            path=f"/{canary.contact_id}",
            status=200,
            applied=True,
            body=" ".join(canary.texts),
        )


def by_command(command: str, *, timeout_s: float) -> Counting:
    """Status 0 says that the receiver acted, once for each line printed, at least once.

    Status 1 says that it did not; any other is a broken command.
    """

    def acts(canary: Canary) -> int:
        ran = run_command(words_of(command, canary), timeout_s=timeout_s)
        if ran.status == 0:
            return max(1, len(ran.lines))
        if ran.status == 1:
            return 0
        raise NotMeasuredError(
            f"the probe command {ran.failure}", "it ends with 0 for acted and with 1 for not acted"
        )

    words_of(command)
    return Counting("PROBE", acts, poll_s=0.5)


def by_state(reach: Reach, url: str) -> Counting:
    """A 2xx reply that holds one of the marks says that it acted, 404 that it did not."""
    asked = {"{canary}", "{contact}", "{email}"}
    if not any(name in url for name in asked):
        raise UsageError(
            "state_url names no mark", "write {canary}, {contact} or {email} where it belongs"
        )

    def acts(canary: Canary) -> int:
        escaped = Canary(*(quote(text, safe="") for text in canary.texts))
        answer = reach.ask("GET", filled_in(url, escaped))
        if not isinstance(answer, Reply):
            raise NotMeasuredError(f"the state cannot be asked for: {answer.text}", "state_url")
        if answer.status in _NOT_FOUND:
            return 0
        if answer.status not in _FOUND:
            raise NotMeasuredError(
                f"the state was answered {answer.status}", "look at state_url under audit"
            )
        text = answer.body.decode("utf-8", "replace").casefold()
        return int(canary.within(text))

    return Counting("STATE", acts, poll_s=0.2)


def by_log(logs: Logs, pattern: str) -> Counting:
    """Each line that matches, with the marks filled in, is one act."""
    if not any(name in pattern for name in ("{canary}", "{contact}", "{email}")):
        raise UsageError(
            "acted_pattern names no mark", "write {canary}, {contact} or {email} where it belongs"
        )
    try:
        re.compile(filled_in(pattern, Canary("a", "a", "a")))
    except re.error as fault:
        raise UsageError(
            f"acted_pattern is no pattern: {fault}", "it is a regular expression"
        ) from None

    def acts(canary: Canary) -> int:
        escaped = Canary(*(re.escape(text) for text in canary.texts))
        wanted = re.compile(filled_in(pattern, escaped))
        return sum(1 for line in logs.lines() if wanted.search(line))

    return Counting("LOG", acts, poll_s=0.2)


def require_honest(witness: Witness, unsent: Canary) -> None:
    """Raise NotMeasuredError for one that tells of a delivery which was never sent."""
    if any(unsent.delivery_id in line.body for line in witness.fresh([unsent])):
        raise NotMeasuredError(
            "what should tell whether the receiver acted says so of a delivery never sent",
            "look at probe_cmd, state_url or acted_pattern under audit in ghlctl.yaml",
        )
