"""What many forgeries do to the receiver, and to those who are genuine."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import quantiles
from urllib.parse import urlsplit

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import Check, Need, Part, Script, Verdict, observe, send, wait
from ghlctl.audit.surge import (
    Surge,
    Vary,
    asked_wait_s,
    calm,
    forged_one,
    genuine_one,
    put_off,
    shut_out,
    surge,
)
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.model.sample import ErrorKind
from ghlctl.transport.attempt import Answer, acknowledged

_PAIRS = 8
_DEAR_MS = 25.0  # a lower quartile over pairs: what a busy machine adds, it adds to both
_LONGEST_WAIT_S = 60.0


def dear_refusals(kit: Kit) -> Script:  # noqa: PLR0911 - one return for each answer
    """A flood of forgeries: put off, or refused at little cost.

    Nobody guesses a key of 256 bits, so that no limit is needed where signatures are verified
    cheaply. A secret that is sent as it is can be guessed. Five milliseconds of CPU, as the
    catalogue has it, cannot be seen from outside beside what a machine does otherwise.
    """
    many = yield from surge(kit, forged_one, "signed by a stranger, one of many")
    yield from calm(kit, many.answers)
    seen = yield from observe(*many.marks, any_act=True)
    count, proof = len(many.answers), many.marks[:3]
    if kit.footprint.acts(seen.lines or ()):
        reason = "forgeries are acted on, so there is no refusal that could be dear"
        return Verdict(Outcome.NOT_APPLICABLE, Confidence.HIGH, reason, proof)
    limited = len(many.where(shut_out))
    if limited:
        reason = f"{limited} of {count} forgeries at once were put off or shut out"
        return Verdict(Outcome.PASS, Confidence.HIGH, reason, proof)
    if not many.where(lambda one: isinstance(one, Reply)):
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, "no forgery was answered", proof)
    asked = [one.canary for one in many.genuine if seen.of([one.canary])]
    if len(asked) == count:
        reason = f"{count} of {count} forgeries made it call the upstream, and none was put off"
        return Verdict(Outcome.WARN, Confidence.CONFIRMED, reason, tuple(asked[:3]))
    if not kit.scheme.covers:
        reason = f"{count} of {count} wrong secrets at once were answered, none put off"
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason, proof)
    extra_ms = min((yield from _extra_ms(kit)), (yield from _extra_ms(kit)))
    if extra_ms > _DEAR_MS:
        reason = (
            f"no forgery was put off, and each cost {extra_ms:.0f} ms more than an unknown path, "
            "in 2 of 2 series"
        )
        return Verdict(Outcome.WARN, Confidence.MEDIUM, reason, proof)
    reason = f"{count} forgeries at once were all refused, each as quickly as an unknown path"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, proof)


def _extra_ms(kit: Kit) -> Part[float]:
    """By how much more a forgery takes than a path that nobody knows, in three of four pairs."""
    more = []
    place = urlsplit(kit.request.url)
    nowhere = place._replace(path=f"/ghlctl-{kit.random.getrandbits(64):x}", query="").geturl()
    for _ in range(_PAIRS // 2):
        one = kit.genuine()
        forged = forged_one(kit, one, 0)
        cost = yield from send(forged, "signed by a stranger, timed", one.canary, patient=False)
        bare = Delivery("", kit.event_type, b"", ())
        plain = yield from send(bare, "an unknown path, timed", method="GET", url=nowhere)
        if isinstance(cost, Reply) and isinstance(plain, Reply):
            more.append(cost.total_ms - plain.total_ms)
    return quantiles(more, n=4)[0] if len(more) > 1 else 0.0


def locked_out(kit: Kit) -> Script:
    """Many forgeries, and then genuine deliveries from the same address.

    Being put off is no loss: it is waited for as long as was asked, up to a minute.
    """
    first = kit.genuine()
    yield from send(first.delivery, "genuine, before the forgeries", first.canary)
    yield from observe(first.canary, expected=True, settle=False)
    many = yield from surge(kit, forged_one, "signed by a stranger, one of many")
    tries = []
    waited_s = 0.0
    for _ in range(REPEATS):
        one, answer, paused_s = yield from _let_in(kit, waited_s)
        waited_s += paused_s
        tries.append((one, answer))
    marks = tuple(one.canary for one, _ in tries)
    proof = (first.canary, *marks)
    if any(not isinstance(one, Reply) and one.kind is ErrorKind.CONNECT for _, one in tries):
        reason = "nobody listens any longer: what it died of is not seen here"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    taken = tuple(one.canary for one, answer in tries if acknowledged(answer))
    seen = yield from observe(*taken, expected=True, settle=False)
    acted = [mark for mark in taken if seen.lines is None or kit.footprint.acts(seen.of([mark]))]
    after = f"after {len(many.answers)} forgeries from the same address"
    if not acted:
        reason = (
            f"{after} genuine deliveries were not taken, {REPEATS} of {REPEATS} times: "
            f"{_words(tries[-1][1], waited_s)}"
        )
        return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason, proof)
    if len(acted) < REPEATS:
        reason = f"{after} only {len(acted)} of {REPEATS} genuine deliveries were taken"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    sure = Confidence.CONFIRMED if kit.oracle else Confidence.MEDIUM
    late = f", once {waited_s:.0f} s had passed" if waited_s else ""
    reason = f"{after} genuine deliveries were taken{late}"
    return Verdict(Outcome.PASS, sure, reason, proof)


def _let_in(kit: Kit, waited_s: float) -> Part[tuple[Genuine, Answer, float]]:
    """One genuine delivery, and once more when it is time, unless that is too long to wait."""
    one = kit.genuine()
    answer = yield from send(
        one.delivery, "genuine, after forgeries", one.canary, patient=not waited_s
    )
    asked = asked_wait_s(answer) if put_off(answer) else None
    left_s = _LONGEST_WAIT_S - waited_s
    if asked is None or asked > left_s:
        return one, answer, 0.0
    yield from wait(max(asked, 1.0))
    answer = yield from send(one.delivery, "the same, when it is time", one.canary)
    return one, answer, max(asked, 1.0)


def _words(answer: Answer, waited_s: float) -> str:
    if not isinstance(answer, Reply):
        return answer.text
    asked = asked_wait_s(answer)
    after = f" with Retry-After {asked:.0f} s" if asked is not None else ""
    return f"answered {answer.status}{after}" + (f" after {waited_s:.0f} s" if waited_s else "")


def limit_by_claim(kit: Kit) -> Script:
    """A flood that is limited, and the same where every request claims another address."""
    vary: Vary = genuine_one if kit.rate_limit_per_s is not None else forged_one
    proof: list[Canary] = []
    for tries in range(REPEATS):
        plain = yield from surge(kit, vary, "one of many")
        proof += plain.marks[:1]
        met = len(plain.where(shut_out))
        if not met:
            return _no_limit(plain, tries, proof)
        if not (yield from calm(kit, plain.answers)):
            reason = "a minute after a flood genuine deliveries were still put off"
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, tuple(proof))
        claimed = yield from surge(kit, _claiming(vary), "one of many, from addresses it claims")
        proof += claimed.marks[:1]
        still = len(claimed.where(shut_out))
        yield from calm(kit, claimed.answers)
        if still:
            reason = (
                f"{met} of {len(plain.answers)} were put off, and {still} of "
                f"{len(claimed.answers)} that claimed other addresses"
            )
            outcome = Outcome.INCONCLUSIVE if tries else Outcome.PASS
            return Verdict(outcome, Confidence.HIGH, reason, tuple(proof))
    reason = (
        "a limit was met, and none where each request claimed another address in "
        f"X-Forwarded-For, {REPEATS} of {REPEATS} times"
    )
    return Verdict(Outcome.FAIL, Confidence.HIGH, reason, tuple(proof))


def _no_limit(plain: Surge, tries: int, proof: Sequence[Canary]) -> Verdict:
    if tries:
        reason = "a limit was met at first, and then no longer"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, tuple(proof))
    reason = f"no limit was met by {len(plain.answers)} requests in {plain.lasted_s:.1f} s"
    return Verdict(Outcome.NOT_APPLICABLE, Confidence.HIGH, reason)


def _claiming(vary: Vary) -> Vary:
    def claimed(kit: Kit, one: Genuine, number: int) -> Delivery:
        address = f"203.0.113.{number % 254 + 1}" if number < 254 else f"198.51.100.{number % 254}"  # noqa: PLR2004 - hosts of a documentation network
        more = (
            ("X-Forwarded-For", address),
            ("X-Real-IP", address),
            ("Forwarded", f"for={address}"),
        )
        delivery = vary(kit, one, number)
        return replace(delivery, headers=(*delivery.headers, *more))

    return claimed


DEAR_REFUSALS = Check(
    About(
        id="RES-06",
        name="dear-refusals",
        topic=Topic.RATE_LIMITS,
        title="Refuses forgeries cheaply, or puts them off",
        severity=Severity.MEDIUM,
        asks="30 deliveries signed by a stranger at 100 a second; pairs of a forgery and a path "
        "that nobody knows, timed",
        correct="429, 403 or a closed connection after some; or a refusal at no cost, each time",
        why="whoever sends without a key decides what is spent; a secret without limit is guessed",
        remedy="verify before anything else is done, and limit failures for each source",
        references=(
            "CWE-307",
            "CWE-799",
            "ASVS v5.0.0-6.3.1",
            "ASVS v5.0.0-2.4.1",
            "API2:2023",
            "API4:2023",
            "CVE-2026-35623",
        ),
    ),
    dear_refusals,
    frozenset({Need.KEY, Need.INTRUSIVE}),
    Fits(signed=True),
)

LOCKED_OUT = Check(
    About(
        id="RES-07",
        name="locked-out",
        topic=Topic.RATE_LIMITS,
        title="Takes genuine deliveries although forgeries come from the same address",
        severity=Severity.HIGH,
        asks="30 deliveries signed by a stranger, then genuine ones from the same address",
        correct="the genuine ones taken, at once or when the 429's time is over",
        why="a provider sends for all its customers from few addresses: whoever makes it send "
        "something refused locks out everybody else's deliveries",
        remedy="verify first, and count failures where they cannot stop what is genuine",
        references=("CWE-645", "ASVS v5.0.0-6.1.1", "API4:2023"),
    ),
    locked_out,
    frozenset({Need.KEY, Need.INTRUSIVE}),
    Fits(signed=True),
)

LIMIT_BY_CLAIM = Check(
    About(
        id="RES-08",
        name="limit-by-claim",
        topic=Topic.RATE_LIMITS,
        title="Limits by where requests come from, not by what they claim",
        severity=Severity.MEDIUM,
        asks="a flood that meets a limit, then one whose requests each claim another address in "
        "X-Forwarded-For, X-Real-IP and Forwarded",
        correct="the limit met again",
        why="a limit that a header lifts limits only those who do not know the header",
        remedy="take the address from the connection, or from a header that a trusted proxy writes",
        references=("CWE-348", "CWE-807", "ASVS v5.0.0-15.3.4", "ASVS v5.0.0-4.1.3", "API4:2023"),
    ),
    limit_by_claim,
    frozenset({Need.KEY, Need.INTRUSIVE}),
)

CHECKS = (LOCKED_OUT, DEAR_REFUSALS, LIMIT_BY_CLAIM)
