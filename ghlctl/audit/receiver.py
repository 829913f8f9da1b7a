"""Whom to audit, within which bounds, by which clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ghlctl.model.delivery import Headers


@dataclass(frozen=True, slots=True)
class AuditedReceiver:
    """`key` is the signing key's text; without `upstream_url` verdicts rest on replies alone."""

    url: str
    provider: str = "ghl"
    scheme: str = "ghl"
    key: bytes | None = field(default=None, repr=False)
    upstream_url: str | None = None
    headers: Headers = field(default=(), repr=False)
    timeout_s: float = 10.0
    event_type: str = ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an audit may cost its receiver, and how long effects are waited for.

    `settle_s` is the least wait for an effect that must not come; it grows to three times what
    the genuine deliveries took. `act_within_s` is the longest wait for one that must come.
    """

    settle_s: float = 1.0
    act_within_s: float = 10.0
    requests: int = 2000
    sent_bytes: int = 512_000_000
    duration_s: float = 600.0
    requests_per_s: float = 25.0
    wait_when_busy_s: float = 10.0
    largest_body_bytes: int = 25_000_000


@dataclass(frozen=True, slots=True)
class Clock:
    """`now` in unix seconds, `monotonic` for durations; tests put their own here."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
