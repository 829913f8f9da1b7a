"""Which of several signatures counts: of headers that come twice, and of lists in one header."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.checks.signature_acceptance import Make, Oddity, must_accept
from ghlctl.audit.checks.signature_forgeries import (
    forgery,
    like,
    resigned,
    revalued,
    signature_header,
    signature_of,
    with_more,
    written,
)
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import REPEATS, must_refuse
from ghlctl.audit.script import Check, Need, Part, Script, Send, Verdict, observe, send_all
from ghlctl.model.delivery import Delivery
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.signing.scheme import Rotating
from ghlctl.signing.stripe import Stripe

MANY = 100
"""Entries in one header: more than any sender writes, and less than any server's limit."""


def repeated_header(kit: Kit) -> Script:
    """Two signature headers: both wrong, and one of them right.

    Frameworks differ in which of two headers they give to the application: that alone is no
    fault of a receiver, and only noted. To take whichever of them holds is one.
    """
    single = not isinstance(kit.scheme, Rotating)
    firsts = [_bad_first, _good_first, _joined] if single else [_bad_first, _good_first]
    rounds = [(yield from _acts(kit, firsts))]
    verdict = yield from must_refuse(
        kit,
        [
            forgery("with two signature headers that are both wrong", _both_bad),
            forgery("with two wrong signatures joined by a comma", _joined_bad),
        ],
    )
    if verdict.outcome is not Outcome.PASS:
        return verdict
    if single and _takes_any(rounds[0]):
        for _ in range(REPEATS - 1):
            again = yield from _acts(kit, firsts)
            rounds.append(again)
        return _whichever(rounds)
    (bad_first, _), (good_first, _), *_ = rounds[0]
    note = f"; of two headers {_READS[bad_first, good_first]}" if kit.oracle else ""
    return replace(verdict, reason=verdict.reason + note)


Change = Callable[[Kit, Genuine], Delivery]
Acts = list[tuple[bool, Canary]]
_READS = {
    (True, True): "it takes either",
    (True, False): "it reads the last",
    (False, True): "it reads the first",
    (False, False): "it takes none",
}


def _takes_any(acted: Acts) -> bool:
    """Both orders, or the second of a list that no such scheme has."""
    (bad_first, _), (good_first, _), *joined = acted
    return (bad_first and good_first) or any(one for one, _ in joined)


def _whichever(rounds: list[Acts]) -> Verdict:
    proof = tuple(mark for acted in rounds for one, mark in acted if one)
    if not all(map(_takes_any, rounds)):
        reason = "took either of two signatures, but not every time that it was repeated"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    reason = f"{REPEATS} of {REPEATS} times, took whichever of two signatures holds"
    return Verdict(Outcome.WARN, Confidence.CONFIRMED, reason, proof)


def _acts(kit: Kit, makes: Sequence[Change]) -> Part[Acts]:
    """Which of these was acted on; nobody can tell without an oracle."""
    genuine = [kit.genuine() for _ in makes]
    yield from send_all(
        Send(make(kit, one), "two signatures, one of them genuine", (one.canary,))
        for make, one in zip(makes, genuine, strict=True)
    )
    seen = yield from observe(*(one.canary for one in genuine), any_act=True)
    acts = [kit.footprint.acts(seen.of([one.canary])) for one in genuine]
    return [(acted > 0, one.canary) for acted, one in zip(acts, genuine, strict=True)]


def _bad(kit: Kit, delivery: Delivery) -> str:
    return like(signature_of(kit, delivery), kit)


def _bad_first(kit: Kit, genuine: Genuine) -> Delivery:
    good = signature_of(kit, genuine.delivery)
    bad = resigned(kit, genuine.delivery, _bad(kit, genuine.delivery))
    return with_more(bad, (signature_header(kit), good))


def _good_first(kit: Kit, genuine: Genuine) -> Delivery:
    more = (signature_header(kit), _bad(kit, genuine.delivery))
    good = signature_of(kit, genuine.delivery)
    return with_more(resigned(kit, genuine.delivery, good), more)


def _joined(kit: Kit, genuine: Genuine) -> Delivery:
    delivery = genuine.delivery
    return resigned(kit, delivery, f"{_bad(kit, delivery)}, {signature_of(kit, delivery)}")


def _both_bad(kit: Kit, genuine: Genuine) -> Delivery:
    delivery = genuine.delivery
    bad = resigned(kit, delivery, _bad(kit, delivery))
    return with_more(bad, (signature_header(kit), _bad(kit, delivery)))


def _joined_bad(kit: Kit, genuine: Genuine) -> Delivery:
    delivery = genuine.delivery
    return resigned(kit, delivery, f"{_bad(kit, delivery)}, {_bad(kit, delivery)}")


def signature_list(kit: Kit) -> Script:
    """Lists of signatures: one that holds is enough, none that holds is not."""
    refused = yield from must_refuse(
        kit,
        [
            revalued("with two signatures that are both wrong", _entries(_wrong, _wrong)),
            revalued("with a signature of an unknown version alone", _entries(_unknown)),
            revalued("with a wrong and an unknown signature", _entries(_wrong, _unknown)),
            revalued(f"with {MANY} wrong signatures", _entries(*[_wrong] * MANY)),
        ],
    )
    if refused.outcome is not Outcome.PASS:
        return refused
    accepted = yield from must_accept(
        kit,
        [
            Oddity("whose second signature of two holds", _listed(_wrong, _right), _listed(_right)),
            Oddity("whose first signature of two holds", _listed(_right, _wrong), _listed(_right)),
        ],
    )
    if accepted.outcome is not Outcome.PASS:
        return accepted
    reason = f"{refused.reason}; genuine ones {accepted.reason}"
    return replace(refused, reason=reason)


Entry = Callable[[Kit, str, str], str]
"""From a signature's text and its bytes' spelling to one entry of a list."""


def _right(_kit: Kit, label: str, text: str) -> str:
    return label + text


def _wrong(kit: Kit, label: str, text: str) -> str:
    return like(label + text, kit)


def _unknown(kit: Kit, _label: str, text: str) -> str:
    return ("v0=" if isinstance(kit.scheme, Stripe) else "v9,") + text


def _entries(*entries: Entry) -> Callable[[Kit, str], str]:
    def value(kit: Kit, genuine: str) -> str:
        prefix = written(kit, genuine).prefix
        text = genuine.removeprefix(prefix)
        if not isinstance(kit.scheme, Stripe):
            return " ".join(entry(kit, prefix, text) for entry in entries)
        time, _, label = prefix.rpartition(",")
        return ",".join([time, *(entry(kit, label, text) for entry in entries)])

    return value


def _listed(*entries: Entry) -> Make:
    def make(kit: Kit) -> tuple[Delivery, Canary]:
        genuine = kit.genuine()
        value = _entries(*entries)(kit, signature_of(kit, genuine.delivery))
        return resigned(kit, genuine.delivery, value), genuine.canary

    return make


REPEATED_HEADER = Check(
    About(
        id="SIG-19",
        name="repeated-header",
        topic=Topic.SIGNATURE,
        title="Is not confused by a second signature header",
        severity=Severity.HIGH,
        asks="deliveries with two signature headers, or two signatures joined by a comma: both "
        "wrong, and one of them genuine",
        correct="nothing done where both are wrong; one of the two is read, or both are refused",
        why="a receiver that tries every signature it is given lets a sender guess many times at "
        "once, and disagrees with a proxy that reads one of them",
        remedy="refuse a request whose signature header comes twice",
        references=("CWE-436", "CWE-345", "ASVS v5.0.0-15.3.7", "ASVS v5.0.0-4.1.3", "API8:2023"),
    ),
    repeated_header,
    frozenset({Need.KEY}),
    Fits(signed=True),
)

SIGNATURE_LIST = Check(
    About(
        id="SIG-20",
        name="signature-list",
        topic=Topic.SIGNATURE,
        title="Reads a list of signatures as the scheme means it",
        severity=Severity.HIGH,
        asks="lists with two wrong entries, with an unknown version alone, with a hundred wrong "
        "entries; and with one genuine entry beside a wrong one",
        correct="refused where no entry holds, accepted where one does",
        why="one entry that holds is how a key is replaced without losing deliveries; an entry "
        "that is not understood must never count as one that holds",
        remedy="try each entry of the version you know, refuse where none holds",
        references=("CWE-347", "CWE-400", "ASVS v5.0.0-4.1.5", "API2:2023"),
    ),
    signature_list,
    frozenset({Need.KEY}),
    Fits(signed=True, rotating=True),
)

CHECKS = (REPEATED_HEADER, SIGNATURE_LIST)
