"""Whether the receiver keeps working when it is asked for too much."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.raw import Line, chunked, head_of, said
from ghlctl.audit.refusal import REPEATS, answer_in
from ghlctl.audit.script import Check, Need, Part, Script, Verdict, Watched, observe, push, talk
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.model.sample import ErrorKind
from ghlctl.providers.deliver import encode
from ghlctl.transport.attempt import Pushed, acknowledged
from ghlctl.transport.conversation import Piece

_TOO_LARGE = 413
_REFUSED = (3, 4)  # hundreds of the status
_BUSY = 429
_BROKEN = 500
_SPARE = 1  # a try more for one that ended in a server error
_CLOSES = (ErrorKind.RESET, ErrorKind.CLOSED)
_MEGABYTE = 1_000_000
_CHUNK_BYTES = 64 * 1024
_WITHIN_S = 30.0

Pushes = Callable[[Kit, Delivery, str, Canary], Part[Pushed]]
"""How a large body is sent."""


@dataclass(frozen=True, slots=True)
class _Tried:
    signed: bool
    canary: Canary
    pushed: Pushed
    acted: bool = False

    @property
    def accepted(self) -> bool:
        """It was taken whole and acted on, or at least acknowledged."""
        return self.acted or (self.pushed.consumed and acknowledged(self.pushed.answer))

    @property
    def void(self) -> bool:
        """Taken whole and then broken over, which may have other causes than its size."""
        answer = self.pushed.answer
        broken = isinstance(answer, Reply) and answer.status >= _BROKEN
        return broken and self.pushed.consumed and not self.acted


def oversized_body(kit: Kit) -> Script:
    """A body far beyond any event, its length announced."""
    return _too_much(kit, _announced)


def unannounced_body(kit: Kit) -> Script:
    """The same in chunks, without a length that could be looked at first.

    The catalogue also waits a minute for what is held open: what that does to others is RES-04's.
    """
    return _too_much(kit, _in_chunks)


def _announced(_kit: Kit, delivery: Delivery, purpose: str, mark: Canary) -> Part[Pushed]:
    return (yield from push(delivery, purpose, mark))


def _in_chunks(kit: Kit, delivery: Delivery, purpose: str, mark: Canary) -> Part[Pushed]:
    head = head_of(kit, delivery, Line(length=""), ("Transfer-Encoding", "chunked"))
    body = chunked(delivery.body, _CHUNK_BYTES)
    pieces = [Piece(head)]
    pieces += [
        Piece(body[start : start + _CHUNK_BYTES]) for start in range(0, len(body), _CHUNK_BYTES)
    ]
    spoken = yield from talk(said(pieces, f"{purpose}, in chunks", mark, within_s=_WITHIN_S))
    return Pushed(answer_in(spoken), spoken.sent_bytes, spoken.whole_bytes)


def _too_much(kit: Kit, pushes: Pushes) -> Script:
    """Unsigned, and where there is a key also signed; again, one way, what was taken or broke."""
    ways = (False, True) if kit.key is not None else (False,)
    tried = yield from _round(kit, pushes, ways)
    for signed in [one.signed for one in tried if one.accepted or one.void]:
        own = [one for one in tried if one.signed is signed]
        while len(own) < REPEATS + _SPARE and (own[-1].accepted or own[-1].void):
            if sum(one.accepted for one in own) == REPEATS:
                break
            own += yield from _round(kit, pushes, (signed,))
        tried = [*(one for one in tried if one.signed is not signed), *own]
        if any(one.accepted for one in own):
            return _judged(kit, [one for one in own if not one.void])
    telling = [one for one in tried if not one.void]
    return _judged(kit, telling or tried)


def _round(kit: Kit, pushes: Pushes, ways: Sequence[bool]) -> Part[list[_Tried]]:
    """One in each way, and then one look at what came of them."""
    tried = []
    for signed in ways:
        genuine = kit.genuine()
        size = _size(kit.largest_body_bytes)
        purpose = f"{'signed' if signed else 'unsigned'} body of {size}"
        padded = _padded(kit, genuine, signed=signed)
        pushed = yield from pushes(kit, padded, purpose, genuine.canary)
        tried.append(_Tried(signed, genuine.canary, pushed))
    seen = yield from observe(*(one.canary for one in tried), any_act=True)
    return [replace(one, acted=kit.footprint.acts(seen.of([one.canary])) > 0) for one in tried]


def _padded(kit: Kit, genuine: Genuine, *, signed: bool) -> Delivery:
    payload = dict(genuine.event.payload)
    event = replace(genuine.event, payload=payload)
    payload["notes"] = ""
    payload["notes"] = "x" * (kit.largest_body_bytes - len(encode(event)))
    if signed:
        return kit.with_payload(genuine, payload)
    return kit.unsigned(replace(genuine, event=event))


def _judged(kit: Kit, tried: list[_Tried]) -> Verdict:
    proof = tuple(one.canary for one in tried)
    accepted = [one for one in tried if one.accepted]
    if len(accepted) >= REPEATS:
        return _taken(accepted)
    if accepted:
        reason = "taken whole and acted on, but not every time that it was repeated"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    read = list(_readings(kit, tried))
    for outcome in (Outcome.INCONCLUSIVE, Outcome.WARN):
        verdict = next((verdict for verdict in read if verdict.outcome is outcome), None)
        if verdict is not None:
            return replace(verdict, proof=proof)
    reasons = ", ".join(dict.fromkeys(verdict.reason for verdict in read))
    quiet = tuple(Watched(canary) for canary in proof)
    return Verdict(Outcome.PASS, read[-1].confidence, reasons, proof, quiet)


def _taken(accepted: list[_Tried]) -> Verdict:
    size = _size(accepted[0].pushed.body_bytes)
    proof = tuple(one.canary for one in accepted)
    if all(one.acted for one in accepted):
        reason = f"took a body of {size} and acted on it, {REPEATS} of {REPEATS} times"
        return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason, proof)
    reason = f"took a body of {size} to its end and acknowledged it, {REPEATS} of {REPEATS} times"
    return Verdict(Outcome.FAIL, Confidence.HIGH, reason, proof)


def _readings(kit: Kit, tried: list[_Tried]) -> Iterator[Verdict]:
    sure = Confidence.CONFIRMED if kit.oracle else Confidence.MEDIUM
    for one in tried:
        yield _reading(one.pushed, sure)


def _reading(pushed: Pushed, sure: Confidence) -> Verdict:  # noqa: PLR0911 - one return a reading
    size = _size(pushed.body_bytes)
    match pushed.answer:
        case Reply(status=status) if status == _BUSY:
            reason = "answered 429, so the question was not reached"
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)
        case Reply(status=status) if acknowledged(pushed.answer):
            reason = f"acknowledged a body of {size} ({status}) without reading it to its end"
            return Verdict(Outcome.WARN, Confidence.MEDIUM, reason)
        case Reply(status=status) if status // 100 not in _REFUSED:
            reason = f"answered a body of {size} with {status}, which is no refusal"
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)
        case Reply(status=status) if status == _TOO_LARGE or not pushed.consumed:
            when = "at its end" if pushed.consumed else f"after {_size(pushed.sent_bytes)}"
            return Verdict(Outcome.PASS, sure, f"a body of {size} was answered {status} {when}")
        case Reply(status=status):
            reason = f"took a body of {size} to its end before it answered {status}"
            return Verdict(Outcome.WARN, Confidence.MEDIUM, reason)
        case failure if failure.kind in _CLOSES and not pushed.consumed:
            reason = f"a body of {size} was cut off after {_size(pushed.sent_bytes)}"
            return Verdict(Outcome.PASS, sure, reason)
        case failure:
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, failure.text)


def _size(count: int) -> str:
    return f"{count / _MEGABYTE:.3g} MB"


OVERSIZED_BODY = Check(
    About(
        id="RES-01",
        name="oversized-body",
        topic=Topic.RESILIENCE,
        title="Refuses a body that is far too large",
        severity=Severity.HIGH,
        asks="an event padded to 25 MB, unsigned and signed, with its length announced",
        correct="413, or the connection closed, before all of it is read; nothing done",
        why="a few such requests fill the memory of a receiver that reads whatever comes, "
        "and nobody needs a key to send them",
        remedy="refuse by Content-Length and stop reading at a limit (1 MB is plenty for an "
        "event), before the signature is verified",
        references=("CWE-770", "CWE-400", "ASVS v5.0.0-15.2.2", "API4:2023"),
    ),
    oversized_body,
    frozenset({Need.INTRUSIVE}),
)

UNANNOUNCED_BODY = Check(
    About(
        id="RES-02",
        name="unannounced-body",
        topic=Topic.RESILIENCE,
        title="Refuses a body that turns out to be far too large",
        severity=Severity.HIGH,
        asks="an event padded to 25 MB, unsigned and signed, in chunks without a length",
        correct="413, or the connection closed, before all of it is read; nothing done",
        why="a limit that looks at Content-Length alone is passed by whoever sends none",
        remedy="count the bytes while they are read, and stop at the limit",
        references=("CWE-770", "CWE-400", "ASVS v5.0.0-15.2.2", "ASVS v5.0.0-4.2.1", "API4:2023"),
    ),
    unannounced_body,
    frozenset({Need.INTRUSIVE}),
)

CHECKS = (OVERSIZED_BODY, UNANNOUNCED_BODY)
