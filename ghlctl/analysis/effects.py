"""What was sent, joined with what the upstream's ledger saw of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ghlctl.analysis.attribution import attributor, resource_id
from ghlctl.model.effect import Effect, LedgerEntry
from ghlctl.model.sample import Flags, Floats, Ints, Samples, Texts
from ghlctl.model.summary import EffectsSummary
from ghlctl.stats.quantile import latency


@dataclass(frozen=True, slots=True)
class EndToEnd:
    """Counted deliveries that had an effect, a row each: when first due, and how long it took.

    `ms` runs from the first attempt's intended time to the delivery's last effect. It is negative
    where the clocks of sender and upstream disagree, and is then shown as it is.
    """

    delivery_id: Texts
    intended_ns: Ints
    ms: Floats
    event: Texts


@dataclass(frozen=True, slots=True)
class MatchedEffects:
    """`unattributed` applied requests belong to no known delivery; `unmarked` ones had no key.

    `silent`: event types of which deliveries were acknowledged and not one had an effect.
    """

    summary: EffectsSummary
    effects: tuple[Effect, ...]
    end_to_end: EndToEnd
    unattributed: int = 0
    unmarked: int = 0
    silent: tuple[str, ...] = ()

    @property
    def telling(self) -> bool:
        """Whether the ledger says anything of the deliveries: not where none of its effects can.

        A receiver that writes upstream without naming the delivery has lost nothing by that.
        """
        return bool(self.effects) or not self.unattributed

    @property
    def end_to_end_ms(self) -> dict[str, float]:
        """End-to-end time by delivery id."""
        pairs = zip(self.end_to_end.delivery_id, self.end_to_end.ms.tolist(), strict=True)
        return dict(pairs)


@dataclass(frozen=True, slots=True)
class _Deliveries:
    """Distinct deliveries as columns; `row` finds a delivery's place by its id."""

    row: dict[str, int]
    event: Texts
    intended_ns: Ints
    acknowledged: Flags
    counted: Flags


def match_effects(
    samples: Samples, entries: Sequence[LedgerEntry], origin_unix_ns: int
) -> MatchedEffects:
    """Join the ledger with the deliveries of a run.

    Expected is every delivery of which any attempt was acknowledged, in the warm-up too: a lost
    delivery is lost at any time. End-to-end times are of counted deliveries only, and of none
    where `origin_unix_ns` is 0, unknown. Only applied requests are effects; `calls_per_event`
    counts every request that the ledger holds, per delivery expected.
    """
    deliveries = _deliveries(samples)
    effects, unattributed, unmarked = _effects(deliveries, entries)
    rows = _rows(deliveries, effects)
    happened = np.zeros(len(deliveries.row), dtype=np.bool_)
    happened[rows] = True
    end_to_end = _end_to_end(deliveries, rows, effects, origin_unix_ns)
    expected = int(np.sum(deliveries.acknowledged))
    seen = int(np.sum(deliveries.acknowledged & happened))
    summary = EffectsSummary(
        expected=expected,
        seen=seen,
        lost=expected - seen,
        duplicated=_repeated(effects),
        unacknowledged=int(np.sum(happened & ~deliveries.acknowledged)),
        end_to_end_ms=latency(end_to_end.ms),
        calls_per_event=len(entries) / expected if expected else None,
    )
    expecting = set(deliveries.event[deliveries.acknowledged].tolist())
    silent = tuple(sorted(expecting - set(deliveries.event[happened].tolist())))
    return MatchedEffects(summary, effects, end_to_end, unattributed, unmarked, silent)


def end_to_end_of(samples: Samples, effects: Sequence[Effect], origin_unix_ns: int) -> EndToEnd:
    """End-to-end times of effects that were matched before; those of other runs are left out."""
    deliveries = _deliveries(samples)
    own = [effect for effect in effects if effect.delivery_id in deliveries.row]
    return _end_to_end(deliveries, _rows(deliveries, own), own, origin_unix_ns)


def _rows(deliveries: _Deliveries, effects: Sequence[Effect]) -> Ints:
    """The delivery's row of each effect."""
    return np.fromiter((deliveries.row[e.delivery_id] for e in effects), np.int64, len(effects))


def _deliveries(samples: Samples) -> _Deliveries:
    named = samples.where(samples.delivery_id != "")
    row: dict[str, int] = {}
    rows = np.fromiter(
        (row.setdefault(id_, len(row)) for id_ in named.delivery_id), np.int64, len(named)
    )
    intended = np.full(len(row), np.iinfo(np.int64).max)
    np.minimum.at(intended, rows, named.intended_ns)
    event = np.empty(len(row), dtype=np.object_)
    event[rows] = named.event
    return _Deliveries(
        row=row,
        event=event,
        intended_ns=intended,
        acknowledged=np.bincount(rows[named.sent & named.acknowledged], minlength=len(row)) > 0,
        counted=np.bincount(rows[named.warmup], minlength=len(row)) == 0,
    )


def _effects(
    deliveries: _Deliveries, entries: Sequence[LedgerEntry]
) -> tuple[tuple[Effect, ...], int, int]:
    """The effects, the applied requests without a delivery, and those without a useful key."""
    find = attributor(deliveries.row)
    effects: list[Effect] = []
    unattributed = unmarked = 0
    for entry in entries:
        if not entry.applied:
            continue
        found = find.attribute(entry)
        if found is None:
            unattributed += 1
            continue
        unmarked += not found.marked
        resource = resource_id(entry.path)
        effects.extend(
            Effect(id_, found.operation, resource, entry.at_unix_ns) for id_ in found.delivery_ids
        )
    return tuple(effects), unattributed, unmarked


def _repeated(effects: Sequence[Effect]) -> int:
    """How many deliveries had an operation applied more than once."""
    once: set[tuple[str, str]] = set()
    again: set[str] = set()
    for effect in effects:
        operation = (effect.delivery_id, effect.operation)
        if operation in once:
            again.add(effect.delivery_id)
        once.add(operation)
    return len(again)


def _end_to_end(
    deliveries: _Deliveries, rows: Ints, effects: Sequence[Effect], origin_unix_ns: int
) -> EndToEnd:
    last = np.zeros(len(deliveries.row), dtype=np.int64)
    at = np.fromiter((effect.at_unix_ns for effect in effects), np.int64, len(effects))
    np.maximum.at(last, rows, at)
    timed = deliveries.counted & (last > 0) & (origin_unix_ns > 0)
    ids = np.empty(len(deliveries.row), dtype=np.object_)
    ids[:] = list(deliveries.row)
    intended = deliveries.intended_ns[timed]
    ms = (last[timed] - origin_unix_ns - intended) / 1e6
    return EndToEnd(ids[timed], intended, ms, deliveries.event[timed])
