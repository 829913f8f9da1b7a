"""Watching a run's effects arrive in the upstream's ledger, until no more can be expected."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ghlctl.analysis.effects import MatchedEffects, match_effects
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.sample import Samples
from ghlctl.model.threshold import Threshold
from ghlctl.transport.ledger import Ledger

POLL_S = 0.25
QUIET_S = 1.0  # without a new effect, before the ledger is taken for complete


@dataclass(frozen=True, slots=True)
class Patience:
    """How long effects may come at most, and how long none must have come to stop before that."""

    within_s: float
    quiet_s: float


def patience_for(within_s: float, thresholds: Sequence[Threshold]) -> Patience:
    """Where repeats are asked for, all the time that there is."""
    asked = any("duplicated" in threshold.expr for threshold in thresholds)
    return Patience(within_s, within_s if asked else min(QUIET_S, within_s))


def watch_effects(
    samples: Samples,
    ledger: Ledger,
    origin_unix_ns: int,
    patience: Patience,
    ended: Callable[[], bool],
) -> MatchedEffects:
    """Watch until every acknowledged delivery shows an effect and no more come, or too long.

    `ended` tells that nobody waits for the answer any more.

    Matching reads everything, so it waits for a moment in which nothing new came.
    """
    began = last_new = time.monotonic()
    entries: list[LedgerEntry] = []
    while True:
        time.sleep(POLL_S)
        fresh = ledger.fresh()
        entries += fresh
        now = time.monotonic()
        last_new = now if fresh else last_new
        over = now - began >= patience.within_s or ended()
        if not over and now - last_new < patience.quiet_s:
            continue
        matched = match_effects(samples, entries, origin_unix_ns)
        if over or matched.summary.lost == 0:
            return matched
