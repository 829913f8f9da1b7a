"""What HighLevel does with deliveries that were not acknowledged, by the year of its documents.

Confirmed are which replies are retried and how often, and the breaker's bounds. The spacing of
2026 is not published: a minute that doubles adds up to the three days its help page names.
"""

import math
from dataclasses import dataclass
from random import Random
from typing import Literal

USUAL_TAIL_S = 30.0
"""All retries of one delivery fit into this, at the usual speed."""

MINUTE_S = 60.0
TOO_MANY_REQUESTS = 429
_SUCCESS = range(200, 300)


@dataclass(frozen=True, slots=True)
class Spacing:
    """`base_s` before the first retry, times `factor` for each after it, plus up to `jitter_s`."""

    base_s: float
    factor: float
    jitter_s: float
    retries: int

    @property
    def longest_s(self) -> float:
        """From the first attempt's end to the last retry, where every jitter is at its longest."""
        factors = [math.pow(self.factor, retry) for retry in range(self.retries)]
        return self.base_s * sum(factors) + self.retries * self.jitter_s

    def delay_s(self, retry: int, random: Random) -> float:
        """Seconds before retry number `retry`, counted from 1."""
        return self.base_s * self.factor ** (retry - 1) + random.random() * self.jitter_s


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`busy` is for replies 429, `failed` for every other failure; None where none is retried.

    `unconfirmed` says what of it is this program's assumption.
    """

    name: str
    busy: Spacing | None
    failed: Spacing | None
    source: str
    unconfirmed: str

    @property
    def longest_s(self) -> float:
        """The longest time over which one delivery is retried, without the attempts' own."""
        known = (spacing for spacing in (self.busy, self.failed) if spacing is not None)
        return max((spacing.longest_s for spacing in known), default=0.0)

    @property
    def usual_speed(self) -> float:
        """How much faster than the provider a run retries where nothing else is said."""
        exact = self.longest_s / USUAL_TAIL_S
        step = math.pow(10, max(0, math.floor(math.log10(max(exact, 1.0))) - 1))
        return max(1.0, math.ceil(exact / step) * step)

    def spacing(self, status: int | None) -> Spacing | None:
        """How a reply with `status` is retried; None for no reply at all."""
        if status in _SUCCESS:
            return None
        return self.busy if status == TOO_MANY_REQUESTS else self.failed

    def retry_after_s(self, retry: int, status: int | None, random: Random) -> float | None:
        """Seconds until retry number `retry`, counted from 1; None when there is none."""
        spacing = self.spacing(status)
        if spacing is None or retry > spacing.retries:
            return None
        return spacing.delay_s(retry, random)


_TEN_MINUTES = Spacing(10 * MINUTE_S, 1.0, 200.0, 6)
_THREE_DAYS = Spacing(MINUTE_S, 2.0, MINUTE_S, 12)

CURRENT = RetryPolicy(
    name="ghl-2026",
    busy=_THREE_DAYS,
    failed=_THREE_DAYS,
    source="webhook integration guide as of 2026-08-30",
    unconfirmed="the first delay, its doubling and its jitter",
)
LEGACY = RetryPolicy(
    name="ghl-2025",
    busy=_TEN_MINUTES,
    failed=None,
    source="webhook integration guide as of 2025-10-11",
    unconfirmed="the jitter, chosen so that six retries take the stated 70 minutes",
)
HELP_PAGE = RetryPolicy(
    name="ghl-help-2026",
    busy=_TEN_MINUTES,
    failed=_THREE_DAYS,
    source="help centre as of 2026-07-12, which contradicts itself",
    unconfirmed="the number of retries and every delay but the ten minutes",
)
POLICIES: dict[str, RetryPolicy] = {
    "ghl": CURRENT,
    **{policy.name: policy for policy in (CURRENT, LEGACY, HELP_PAGE)},
}
"""By the name that a scenario's `retries` takes; plain ghl is what is sent today."""

BREAKER_DELIVERIES = 10_000
BREAKER_SUCCESS = 0.9

Breaker = Literal["closed", "too few", "warned", "paused"]


def breaker(deliveries: int, acknowledged: int, *, flagged_before: bool = False) -> Breaker:
    """What the check of one URL over three days comes to; `flagged_before`: at the last check."""
    if deliveries <= 0 or acknowledged / deliveries >= BREAKER_SUCCESS:
        return "closed"
    if deliveries <= BREAKER_DELIVERIES:
        return "too few"
    return "paused" if flagged_before else "warned"


def breaker_statement(deliveries: int, acknowledged: int) -> str:
    """What would become of the URL if it went on like this, in one sentence; "" where nothing."""
    state = breaker(deliveries, acknowledged)
    if state == "closed":
        return ""
    tenths = acknowledged * 1000 // deliveries  # rounded down: 89.99 % must not read as 90 %
    share = f"{tenths / 10:.1f}% of {deliveries:,} deliveries were acknowledged"
    volume = "" if state == "warned" else f", once there were more than {BREAKER_DELIVERIES:,}"
    return (
        f"HighLevel would pause this URL{volume}: {share}, and below {BREAKER_SUCCESS:.0%} "
        "it warns after three days and pauses deliveries after three more"
    )
