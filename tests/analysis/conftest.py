"""Small runs built by hand: every test changes the one thing it is about."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from ghlctl.analysis.effects import MatchedEffects
from ghlctl.analysis.summary import summarise
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.run import Environment, Run, RunKind, RunState
from ghlctl.model.sample import NEVER, Samples
from ghlctl.model.summary import GeneratorSummary, LoadSummary

MS = 1_000_000
Build = Callable[..., Any]

ENVIRONMENT = Environment("Linux", "x86_64", "a cpu", 2, 8 << 30, "3.11", 0.1)
RUN = Run(
    schema_version=1,
    id="run-a",
    kind=RunKind.LOADTEST,
    state=RunState.COMPLETE,
    name="steady",
    scenario={},
    seed=1,
    receiver="http://127.0.0.1:8700/webhooks/ghl",
    scheme="ghl",
    environment=ENVIRONMENT,
    started_at="2026-11-22T12:00:00Z",
    origin_unix_ns=1_800_000_000 * 10**9,
)
GENERATOR = GeneratorSummary(cpu_s=1.0, workers=1, keeping_up=True)


def _column(value: Any, n: int, dtype: Any) -> Any:
    column = np.empty(n, dtype=dtype)
    column[:] = value
    return column


def build_samples(
    intended_ms: Sequence[float],
    response_ms: float | Sequence[float] = 10.0,
    *,
    late_ms: float = 0.0,
    **columns: Any,
) -> Samples:
    """Acknowledged ContactCreate deliveries d0, d1 …; a negative response time is a drop."""
    n = len(intended_ms)
    intended = (np.array(intended_ms, dtype=np.float64) * MS).round().astype(np.int64)
    took = _column(response_ms, n, np.float64)
    dropped = took < 0
    done = np.where(dropped, NEVER, intended + (took * MS).round().astype(np.int64))
    sent = np.where(dropped, NEVER, intended + round(late_ms * MS))
    errors = np.where(dropped, "dropped", "").astype(object)
    given: dict[str, Any] = {
        "delivery_id": [f"d{i}" for i in range(n)],
        "event": "ContactCreate",
        "error": errors,
        "status": np.where(dropped, 0, 200),
        "attempt": 1,
        "stage": 0,
        "warmup": False,
    } | columns
    objects = {"delivery_id", "event", "error", "location"}
    kinds = {"warmup": np.bool_} | dict.fromkeys(objects, np.object_)
    return Samples(
        intended_ns=intended,
        sent_ns=sent.astype(np.int64),
        first_byte_ns=done.astype(np.int64),
        done_ns=done.astype(np.int64),
        **{name: _column(v, n, kinds.get(name, np.int64)) for name, v in given.items()},
    )


def build_summary(
    samples: Samples,
    *,
    matched: MatchedEffects | None = None,
    run: dict[str, Any] | None = None,
    generator: GeneratorSummary = GENERATOR,
    **given: Any,
) -> LoadSummary:
    return summarise(
        msgspec.structs.replace(RUN, **(run or {})),
        samples,
        matched=matched,
        generator=generator,
        receiver_cost=given.pop("receiver_cost", None),
        **given,
    )


def build_entry(seq: int, at_ms: float, *, key: str = "", **fields: Any) -> LedgerEntry:
    """An applied POST at a time after the run's origin."""
    given: dict[str, Any] = {
        "method": "POST",
        "path": "/contacts/",
        "status": 200,
        "applied": True,
    } | fields
    at = RUN.origin_unix_ns + round(at_ms * MS)
    return LedgerEntry(seq=seq, at_unix_ns=at, idempotency_key=key, **given)


@pytest.fixture(scope="session")
def samples_of() -> Build:
    return build_samples


@pytest.fixture(scope="session")
def summary_of() -> Build:
    return build_summary


@pytest.fixture(scope="session")
def entry() -> Build:
    return build_entry


@pytest.fixture(scope="session")
def origin() -> int:
    return RUN.origin_unix_ns
