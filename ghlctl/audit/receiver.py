"""Whom to audit, with which means, within which bounds, by which clock."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from ghlctl.model.delivery import Headers


class HookName(StrEnum):
    """What a command of the config can do to the receiver; it returns when that is done."""

    RESTART = "restart"
    RESTART_WITHOUT_KEY = "restart_without_key"
    ROTATE = "rotate"  # trust the second key beside the first
    REVOKE = "revoke"  # trust the first key no longer


@dataclass(frozen=True, slots=True)
class Means:
    """What the audit is given beside the receiver; each opens some checks, none is needed.

    `probe_cmd`, `state_url` and `acted_pattern` say whether the receiver acted where there is no
    ledger; `store_cmd` searches what it keeps. In all of them {canary} (the delivery's id),
    {contact} and {email} stand for the marks of a delivery. `oldest_cmd` tells times of what is
    kept. `rate_limit_per_s`, `retention_days` and `needed_fields`, the personal details that its
    purpose needs, are what the receiver's owner declares.
    """

    logs: tuple[Path, ...] = ()
    probe_cmd: str = ""
    state_url: str = ""
    acted_pattern: str = ""
    store_cmd: str = ""
    oldest_cmd: str = ""
    hooks: Mapping[HookName, str] = field(default_factory=lambda: MappingProxyType({}))
    second_key: bytes | None = field(default=None, repr=False)
    public_key: bytes | None = None
    source: Path | None = None
    intrusive: bool = False
    timing: bool = False
    rate_limit_per_s: float | None = None
    retention_days: float | None = None
    needed_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditedReceiver:
    """`key` is the signing key's text; without `upstream_url` no ledger shows effects."""

    url: str
    provider: str = "ghl"
    scheme: str = "ghl"
    key: bytes | None = field(default=None, repr=False)
    upstream_url: str | None = None
    headers: Headers = field(default=(), repr=False)
    timeout_s: float = 10.0
    event_type: str = ""
    means: Means = Means()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an audit may cost its receiver, and how long effects are waited for.

    `settle_s` is the least wait for an effect that must not come; it grows to three times what
    the genuine deliveries took. `act_within_s` is the longest wait for one that must come,
    `log_within_s` that for a line in a log, `command_s` that for a hook or another command.
    `answer_within_s` is how long a provider waits for a reply.
    `timed_requests` are counted apart, because only the timing checks send so many.
    """

    settle_s: float = 1.0
    act_within_s: float = 10.0
    log_within_s: float = 10.0
    command_s: float = 60.0
    answer_within_s: float = 15.0
    requests: int = 5000
    timed_requests: int = 100_000
    sent_bytes: int = 512_000_000
    duration_s: float = 900.0
    requests_per_s: float = 25.0
    burst_per_s: float = 200.0
    connections: int = 64
    wait_when_busy_s: float = 10.0
    largest_body_bytes: int = 25_000_000


@dataclass(frozen=True, slots=True)
class Clock:
    """`now` in unix seconds, `monotonic` for durations; tests put their own here."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
