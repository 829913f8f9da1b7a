"""What was not acknowledged, sent again as the provider would, beside the schedule.

A retry follows a reply, so its moment is no arrival's: it takes no place in the schedule, and of
the connections at most half. Its lateness is nobody's measure.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Final

from ghlctl.load.again import Again, Signer, again_with
from ghlctl.load.attempts import Attempts
from ghlctl.load.connection import Connection
from ghlctl.load.frames import ATTEMPT_MASK, WARMUP, retry_of, retry_tag
from ghlctl.load.plan import LoadPlan
from ghlctl.load.supply import AT_ONCE
from ghlctl.providers.ghl.policy import POLICIES, RetryPolicy
from ghlctl.scenario.scenario import Signature
from ghlctl.signing.catalogue import scheme_named
from ghlctl.signing.scheme import Request
from ghlctl.store.keys import resolve_key

MOST_WAITING: Final = 50_000
"""Deliveries that may wait for their next attempt: 76 MB where a request has 1.3 KB."""

_NEVER_NS: Final = 2**62
_LOOK_AGAIN_NS: Final = 1_000_000
_NS: Final = 1e9


@dataclass(frozen=True, slots=True)
class RetryRule:
    """`speed` divides the policy's delays; arrivals due before `counted_from_ns` are warm-up."""

    policy: RetryPolicy
    speed: float
    random: Random
    again: Again
    counted_from_ns: int

    def due_ns(self, retry: int, status: int | None, now_ns: int) -> int | None:
        """When retry number `retry` is due; None where the policy has none."""
        after_s = self.policy.retry_after_s(retry, status, self.random)
        return None if after_s is None else now_ns + round(after_s / self.speed * _NS)


def rule_of(
    plan: LoadPlan, environ: Mapping[str, str], *, counted_from_ns: int
) -> RetryRule | None:
    """None for a plan without retries. Raise a GhlctlError for a key that cannot be used."""
    said = plan.retries
    if said is None:
        return None
    policy = POLICIES[said.policy]
    return RetryRule(
        policy,
        said.speed or policy.usual_speed,
        Random(plan.people_seed),
        again_with(_signer(plan, environ) if said.signature is Signature.FRESH else None),
        counted_from_ns,
    )


def _signer(plan: LoadPlan, environ: Mapping[str, str]) -> Signer | None:
    """None where the signature of the same body is the same at any time."""
    scheme = scheme_named(plan.scheme)
    if not scheme.timestamped:
        return None
    key = scheme.read_signing_key(resolve_key(plan.key_ref, environ))
    return Signer(scheme, key, Request("POST", plan.url))


class Retries:
    """On the wire loop's thread alone; `forgone` were too many to keep, and have a row each."""

    def __init__(
        self,
        attempts: Attempts,
        rule: RetryRule | None,
        *,
        most: int = MOST_WAITING,
        unix_s: Callable[[], float] = time.time,
    ) -> None:
        self.next_ns = _NEVER_NS
        self.forgone = 0
        self._attempts = attempts
        self._rule = rule
        self._most = most
        self._unix_s = unix_s
        self._order = count()
        self._waiting: list[tuple[int, int, int, bytes, bytes]] = []
        if rule is not None:
            attempts.missed = self.missed

    def __len__(self) -> int:
        return len(self._waiting)

    def missed(self, connection: Connection, status: int | None, now_ns: int) -> None:
        """An attempt ended without an acknowledgement; `status` is None where no reply came.

        A duplicate is a copy, and is not sent a third time: its original decides.
        """
        tag, retry = connection.tag, retry_of(connection.tag)
        if self._rule is None or tag & ATTEMPT_MASK != retry + 1:
            return
        due_ns = self._rule.due_ns(retry + 1, status, now_ns)
        if due_ns is None:
            return
        early = not retry and connection.intended_ns < self._rule.counted_from_ns
        following = retry_tag(tag) | (WARMUP if early else 0)
        if len(self._waiting) >= self._most:
            self.forgone += 1
            self._attempts.drop(due_ns, following, connection.name)
            return
        waiting = (due_ns, next(self._order), following, connection.name, connection.request)
        heappush(self._waiting, waiting)
        self.next_ns = min(self.next_ns, due_ns)

    def send_due(self, now_ns: int) -> None:
        """Send what is due, a few at a time, while arrivals leave connections for it."""
        attempts, waiting = self._attempts, self._waiting
        for _ in range(AT_ONCE):
            if not waiting or waiting[0][0] > now_ns:
                break
            share = max(1, attempts.bound // 2)
            connection = attempts.connection() if attempts.in_flight < share else None
            if connection is None:
                self.next_ns = now_ns + _LOOK_AGAIN_NS
                return
            self._send(connection)
        self.next_ns = waiting[0][0] if waiting else _NEVER_NS

    def _send(self, connection: Connection) -> None:
        due_ns, _, tag, name, request = heappop(self._waiting)
        if self._rule is not None:
            request = self._rule.again(request, name.decode(), retry_of(tag), self._unix_s())
        self._attempts.sent -= 1  # which counts arrivals
        self._attempts.send(connection, tag, name, request, due_ns)

    def give_up(self) -> None:
        """The run was stopped: a row for every retry that would still have come."""
        for due_ns, _, tag, name, _ in self._waiting:
            self._attempts.drop(due_ns, tag, name)
        self._waiting.clear()
        self.next_ns = _NEVER_NS
