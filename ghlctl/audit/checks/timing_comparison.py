"""Whether the time of a refusal tells how much of a signature was right, or whom it is about.

Nothing can be passed here: what is too small to be seen may still be there, and often is. A
difference that is seen, twice, is a failure.
"""

import math
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ghlctl.audit.about import About, Topic
from ghlctl.audit.checks.signature_forgeries import resigned, signature_of, written
from ghlctl.audit.fits import Fits, KeyKind
from ghlctl.audit.kit import Kit
from ghlctl.audit.script import Check, Need, Part, Script, Verdict, timed
from ghlctl.audit.steps import Times
from ghlctl.model.delivery import Delivery
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.model.sample import Floats
from ghlctl.stats.leak import Contrast, contrast, detectable_ns, two_sided_p

ALPHA = 1e-5
AGAIN_ALPHA = 1e-3
LEAST_AA_P = 0.01
LEAST_NS = 200.0
MACRO_NS = 1e6
_AA_FACTOR = 3.0
_WARM_UP = 20
_TURNS = 500  # in one step
_LOOKS = (250, 500, 1000, 2000, 4000, 8000, 15_000)
_FEW_LOOKS = (300, 1000)
_MOST_S = 30.0
_LOST_SHARE = 0.01
_KINDS = 3
_ID_LENGTH = 20
_REPLICATIONS = 3  # of which one in which the same looks the same is enough


@dataclass(frozen=True, slots=True)
class Trial:
    """Three kinds of requests in turns: the plain one, the same again, and the one in question.

    `make` writes them anew for each step, all of one length. `either_way`: sooner counts as later.
    """

    make: Callable[[Kit], tuple[Delivery, Delivery, Delivery]]
    purpose: str
    looks: Sequence[int]
    least_ns: float
    either_way: bool = False


@dataclass(slots=True)
class Sampled:
    """Nanoseconds by kind, one row a turn; `statuses` of all that was answered."""

    rows: list[Floats]
    statuses: set[int]
    lost: int = 0
    asked: int = 0

    @property
    def times(self) -> Floats:
        return np.concatenate(self.rows) if self.rows else np.empty((0, _KINDS))

    @property
    def spent_s(self) -> float:
        return float(np.sum(self.times)) / 1e9


@dataclass(frozen=True, slots=True)
class Read:
    """What a sample says: `alike` of the same kind twice, `other` of the one in question."""

    alike: Contrast
    other: Contrast

    @property
    def steady(self) -> bool:
        """Two kinds that are the same look the same; otherwise nothing here can be believed."""
        scores = (self.alike.by_sign, self.alike.by_low)
        return all(two_sided_p(one) > LEAST_AA_P for one in scores)

    def shows(self, trial: Trial, alpha: float) -> bool:
        """Whether the one in question takes longer, by more than the same does twice."""
        floor = max(_AA_FACTOR * abs(self.alike.effect_ns), trial.least_ns)
        effect, score = self.other.effect_ns, self.other.by_sign
        agreed = effect * score > 0 and (score > 0 or trial.either_way)
        found = two_sided_p(self.other.least) < alpha and agreed
        return self.steady and found and abs(effect) > floor


def read(times: Floats) -> Read:
    """Rows of three times: the plain kind, the same again, the one in question."""
    return Read(contrast(times[:, 0], times[:, 1]), contrast(times[:, 0], times[:, 2]))


def early_comparison(kit: Kit) -> Script:
    """Signatures that are wrong at their first byte, and at their last."""
    trial = Trial(_by_position, "with a wrong signature, timed", _LOOKS, LEAST_NS)
    return (yield from _tried(kit, trial, "when all but the last byte of the signature is right"))


def known_tenant(kit: Kit) -> Script:
    """Badly signed events of a location that the receiver knows, and of one that nobody has.

    The catalogue also names delays on failure alone. They cannot be told from the work that an
    accepted event makes, so they are not asked about.
    """
    trial = Trial(_by_tenant, "badly signed, timed", _FEW_LOOKS, MACRO_NS, either_way=True)
    return (yield from _tried(kit, trial, "to a location that nobody has"))


def _tried(kit: Kit, trial: Trial, when: str) -> Script:
    first = Sampled([], set())
    alpha = ALPHA / len(trial.looks)
    found = None
    for look in trial.looks:
        yield from _sampled(kit, trial, first, look)
        found = _unreadable(first)
        if found is not None:
            return found
        if read(first.times).shows(trial, alpha) or first.spent_s > _MOST_S:
            break
    once = read(first.times)
    if not once.shows(trial, alpha):
        return _nothing(first.times, once, alpha, trial)
    for _ in range(_REPLICATIONS):
        second = Sampled([], set())
        yield from _sampled(kit, trial, second, len(first.times) + _WARM_UP)
        found = _unreadable(second)
        if found is not None:
            return found
        twice = read(second.times)
        if twice.steady:
            break
    shown = f"{_later(once)} and again {_later(twice)}"
    if twice.shows(trial, AGAIN_ALPHA) and twice.other.effect_ns * once.other.effect_ns > 0:
        p = two_sided_p(once.other.least)
        reason = f"answers {shown} {when} ({once.other.n} turns twice, p {p:.1e})"
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason)
    reason = f"answered {_later(once)} {when}, but not so a second time"
    return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)


def _later(seen: Read) -> str:
    effect = seen.other.effect_ns
    return f"{_ns(abs(effect))} {'later' if effect > 0 else 'sooner'}"


def _sampled(kit: Kit, trial: Trial, sampled: Sampled, turns: int) -> Part[None]:
    """More turns, until so many were asked or the time is over."""
    while sampled.asked < turns and sampled.spent_s <= _MOST_S:
        count = min(_TURNS, turns - sampled.asked)
        orders = [kit.random.sample(range(_KINDS), _KINDS) for _ in range(count)]
        kinds = trial.make(kit)
        told = yield from timed((kinds[one] for order in orders for one in order), trial.purpose)
        _add(sampled, told, orders)


def _add(sampled: Sampled, told: Times, orders: Sequence[Sequence[int]]) -> None:
    laps = np.array(told.first_byte_ns, dtype=float).reshape(len(orders), _KINDS)
    by_kind = np.empty_like(laps)
    np.put_along_axis(by_kind, np.array(orders), laps, axis=1)
    warm = by_kind[_WARM_UP:] if not sampled.asked else by_kind
    whole = warm[np.all(warm > 0, axis=1)]
    sampled.rows.append(whole)
    sampled.lost += len(warm) - len(whole)
    sampled.asked += len(orders)
    sampled.statuses |= set(told.statuses) - {0}


def _unreadable(sampled: Sampled) -> Verdict | None:
    if len(sampled.statuses) > 1:
        codes = ", ".join(str(one) for one in sorted(sampled.statuses))
        reason = f"answered {codes} to requests that are all refused alike, so times differ by that"
    elif not len(sampled.times) or sampled.lost > _LOST_SHARE * sampled.asked:
        reason = f"{sampled.lost} of {sampled.asked} turns got no reply"
    elif sampled.statuses & {429, 503}:
        reason = "put all of the requests off, so none of them was compared"
    else:
        return None
    return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)


def _nothing(times: Floats, seen: Read, alpha: float, trial: Trial) -> Verdict:
    if not seen.steady:
        worst = min(two_sided_p(seen.alike.by_sign), two_sided_p(seen.alike.by_low))
        reason = (
            "two kinds of requests that are the same took different times "
            f"(p {worst:.1e}), so the machine is too restless to say anything"
        )
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)
    least = max(detectable_ns(times[:, 0], times[:, 1], alpha=alpha), trial.least_ns)
    if math.isinf(least):
        reason = "the machine is too restless: not even a delay of a second would have shown"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)
    reason = (
        f"no difference of {_ns(least)} or more in {len(times)} turns (the least that would have "
        "shown, nine times of ten); smaller ones, as of ==, cannot be seen from here"
    )
    return Verdict(Outcome.INFORMATIVE, Confidence.HIGH, reason)


def _ns(value: float) -> str:
    if abs(value) >= 1e6:  # noqa: PLR2004 - nanoseconds in a millisecond
        return f"{value / 1e6:.1f} ms"
    return f"{value / 1e3:.1f} µs" if abs(value) >= 1e3 else f"{value:.0f} ns"  # noqa: PLR2004 - as above


def _by_position(kit: Kit) -> tuple[Delivery, Delivery, Delivery]:
    genuine = kit.genuine().delivery
    value = signature_of(kit, genuine)
    own = written(kit, value)

    def wrong(at: int, bit: int) -> Delivery:
        raw = bytearray(own.raw)
        raw[at] = _other(raw[at], bit) if not kit.scheme.covers else raw[at] ^ bit
        return resigned(kit, genuine, own.with_raw(bytes(raw)))

    return wrong(0, 0x80), wrong(0, 0x40), wrong(-1, 0x01)


def _other(letter: int, which: int) -> int:
    """Another letter of a secret's text, one of two by `which`."""
    others = [ord(one) for one in "xyz" if ord(one) != letter]
    return others[which == 0x40]  # noqa: PLR2004 - the second of the bits above


def _by_tenant(kit: Kit) -> tuple[Delivery, Delivery, Delivery]:
    genuine = kit.genuine()
    payload = genuine.event.payload
    length = len(str(payload.get("locationId") or "")) or _ID_LENGTH
    strange = "".join(kit.random.choices(string.ascii_letters + string.digits, k=length))
    elsewhere = kit.with_payload(genuine, {**payload, "locationId": strange})
    known = _strangely(kit, genuine.delivery)
    return known, known, _strangely(kit, elsewhere)


def _strangely(kit: Kit, delivery: Delivery) -> Delivery:
    """With a signature that is wrong in its first byte."""
    own = written(kit, signature_of(kit, delivery))
    raw = bytearray(own.raw)
    raw[0] = _other(raw[0], 0x80) if not kit.scheme.covers else raw[0] ^ 0x80
    return resigned(kit, delivery, own.with_raw(bytes(raw)))


EARLY_COMPARISON = Check(
    About(
        id="TIM-01",
        name="early-comparison",
        topic=Topic.TIMING,
        title="Compares signatures in constant time",
        severity=Severity.MEDIUM,
        asks="up to 15,000 turns of three requests, in chance order: two with the first byte of "
        "the signature wrong, one with its last; what is found is measured once more",
        correct="no difference that can be seen; it never passes, because == cannot be seen",
        why="a comparison that stops at the first difference tells a forger, byte by byte, how far "
        "it got",
        remedy="hmac.compare_digest, crypto.timingSafeEqual, hash_equals",
        references=("CWE-208", "ASVS v5.0.0-11.2.4", "API2:2023", "CVE-2018-6596"),
    ),
    early_comparison,
    frozenset({Need.KEY, Need.TIMING}),
    Fits(signed=True, keys=KeyKind.SECRET),
)

KNOWN_TENANT = Check(
    About(
        id="TIM-02",
        name="known-tenant",
        topic=Topic.TIMING,
        title="Refuses known and unknown locations in the same time",
        severity=Severity.LOW,
        asks="up to 1,000 turns of badly signed events of a location that sent genuine ones, twice "
        "the same, and of one that nobody has; only a millisecond or more counts",
        correct="no difference that can be seen; it never passes",
        why="whoever may ask learns which locations are customers here",
        remedy="verify first, with the same work for all, and look the location up after it",
        references=("CWE-208", "CWE-204", "ASVS v5.0.0-6.3.8", "API2:2023"),
    ),
    known_tenant,
    frozenset({Need.KEY, Need.TIMING}),
    Fits(signed=True, providers=frozenset({"ghl"})),
)

CHECKS = (EARLY_COMPARISON, KNOWN_TENANT)
