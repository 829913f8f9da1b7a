"""Tells a ghlctl upstream how to answer the next requests that carry a text."""

from collections.abc import Sequence

import msgspec

from ghlctl.errors import NotMeasuredError
from ghlctl.model.delivery import Reply
from ghlctl.transport.address import place_of, shown_url
from ghlctl.transport.attempt import acknowledged
from ghlctl.transport.reach import Reach

PATH = "/_ghlctl/faults"
_JSON = (("Content-Type", "application/json"),)


def can_fail(reach: Reach, upstream_url: str) -> bool:
    """Whether this upstream fails on command."""
    answer = reach.ask("GET", place_of(upstream_url).origin + PATH)
    return isinstance(answer, Reply) and answer.acknowledged and b'"open"' in answer.body


def fail_next(
    reach: Reach,
    upstream_url: str,
    *,
    any_of: Sequence[str],
    status: int,
    times: int,
    delay_s: float,
) -> None:
    """The next `times` requests that hold one of the texts; NotMeasuredError if nobody listens."""
    order = {"any_of": any_of, "status": status, "times": times, "delay_ms": delay_s * 1000}
    url = place_of(upstream_url).origin + PATH
    if not acknowledged(reach.ask("POST", url, _JSON, msgspec.json.encode(order))):
        raise NotMeasuredError(
            f"the upstream {shown_url(upstream_url)} takes no orders to fail",
            "start one with ghlctl upstream, and give its address with --upstream",
        )
