"""What became of deliveries that were sent again by the provider's policy."""

from typing import Any

import numpy as np

from ghlctl.model.run import Run
from ghlctl.model.sample import Flags, Ints, Samples
from ghlctl.model.summary import RetriesSummary
from ghlctl.providers.ghl.policy import POLICIES


def retries_of(run: Run, counted: Samples) -> RetriesSummary | None:
    """None for a run without retries; a delivery is judged by all of its attempts together."""
    said = run.scenario.get("retries")
    if not said:
        return None
    policy, speed, signature = _policy(said)
    named = counted.where(counted.delivery_id != "")
    table: dict[str, int] = {}
    rows = np.fromiter(
        (table.setdefault(each, len(table)) for each in named.delivery_id), np.int64, len(named)
    )

    def any_of(which: Flags) -> Flags:
        return _some(rows, which, len(table))

    retry, sent = named.retry > 0, named.sent
    acknowledged = sent & named.acknowledged
    missed = any_of(sent & ~retry) & ~any_of(acknowledged & ~retry)
    at_last = missed & any_of(acknowledged & retry)
    unfinished = missed & ~at_last & any_of(retry & ~sent)
    return RetriesSummary(
        policy=policy,
        speed=speed,
        signature=signature,
        sent=int(np.sum(counted.sent & (counted.retry > 0))),
        acknowledged=int(np.sum(at_last)),
        given_up=int(np.sum(missed & ~at_last & ~unfinished)),
        unfinished=int(np.sum(unfinished)),
    )


def _policy(said: Any) -> tuple[str, float, str]:
    """Policy, speed and signature, as a scenario writes them."""
    if isinstance(said, str):
        said = {"policy": said}
    name = str(said["policy"])
    usual = POLICIES[name].usual_speed if name in POLICIES else 1.0
    return name, float(said.get("speed") or usual), str(said.get("signature", "fresh"))


def _some(rows: Ints, which: Flags, count: int) -> Flags:
    return np.bincount(rows[which], minlength=count) > 0
