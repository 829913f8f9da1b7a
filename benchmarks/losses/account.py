"""What became of every delivery, by the upstream's ledger."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import aiohttp
import numpy as np

from benchmarks.losses.deliveries import Sent
from ghlctl.stats.quantile import quantile

PAGE = 10_000
LOOK_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Account:
    """Counts of deliveries; times in seconds. `lost`: acknowledged, and no effect in time.

    `twice`: an operation was applied more than once. `inverted`: an effect came before that of a
    delivery of the same contact that had been acknowledged before it was even sent. `p99_ms` is of
    the times to an acknowledgement, from the moment that a delivery was sent.
    """

    sent: int
    acknowledged: int
    refused: int
    unanswered: int
    lost: int
    twice: int
    inverted: int
    drained_s: float
    longest_gap_s: float
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class Applied:
    """One effect: of which delivery, and its place in the ledger."""

    delivery: str
    operation: str
    place: int


async def account_of(sent: Sequence[Sent], upstream: str, *, within_s: float) -> Account:
    """Wait until every acknowledged delivery shows its effect, or too long."""
    began = time.monotonic()
    applied: list[Applied] = []
    expected = {one.id for one in sent if one.acknowledged}
    after = 0
    async with aiohttp.ClientSession() as session:
        while True:
            after, more = await _effects(session, upstream, after)
            applied += more
            missing = expected - {one.delivery for one in applied}
            drained_s = time.monotonic() - began
            if not missing or drained_s > within_s:
                break
            await asyncio.sleep(LOOK_EVERY_S)
    return Account(
        sent=len(sent),
        acknowledged=len(expected),
        refused=sum(one.status > 0 and not one.acknowledged for one in sent),
        unanswered=sum(one.status == 0 for one in sent),
        lost=len(missing),
        twice=twice(applied),
        inverted=inverted(sent, applied),
        drained_s=drained_s,
        longest_gap_s=longest_gap(sent),
        p99_ms=_p99_ms(sent),
    )


async def _effects(
    session: aiohttp.ClientSession, upstream: str, after: int
) -> tuple[int, list[Applied]]:
    found: list[Applied] = []
    while True:
        place = f"{upstream}/_ghlctl/ledger?after={after}&limit={PAGE}"
        async with session.get(place) as response:
            page: dict[str, Any] = await response.json()
        for entry in page["entries"]:
            delivery, _, operation = entry.get("idempotency_key", "").partition(":")
            if entry["applied"] and delivery:
                found.append(Applied(delivery, operation, entry["seq"]))
        if not page["entries"]:
            return after, found
        after = page["next"]


def twice(applied: Sequence[Applied]) -> int:
    seen: set[tuple[str, str]] = set()
    again: set[str] = set()
    for one in applied:
        key = one.delivery, one.operation
        if key in seen:
            again.add(one.delivery)
        seen.add(key)
    return len(again)


def inverted(sent: Sequence[Sent], applied: Sequence[Applied]) -> int:
    first: dict[str, int] = {}
    for effect in applied:
        first.setdefault(effect.delivery, effect.place)
    latest: dict[int, Sent] = {}
    count = 0
    for one in sorted(sent, key=lambda each: each.sent_s):
        if not one.acknowledged or one.id not in first:
            continue
        before = latest.get(one.contact)
        if before and before.answered_s < one.sent_s and first[before.id] > first[one.id]:
            count += 1
        latest[one.contact] = one
    return count


def longest_gap(sent: Sequence[Sent]) -> float:
    """The longest time without any acknowledgement, between the first and the last."""
    times = sorted(one.answered_s for one in sent if one.acknowledged)
    return max((b - a for a, b in pairwise(times)), default=0.0)


def _p99_ms(sent: Sequence[Sent]) -> float | None:
    times = [1e3 * (one.answered_s - one.sent_s) for one in sent if one.acknowledged]
    return quantile(np.sort(np.array(times)), 0.99)
