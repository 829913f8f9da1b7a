"""Requests that nobody should send, and whether the receiver lives on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.raw import Line, head_of, said, whole
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import (
    Check,
    Need,
    Part,
    Script,
    Talk,
    Verdict,
    observe,
    send,
    talk_all,
    wait,
)
from ghlctl.model.delivery import Delivery, Headers, Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.model.sample import ErrorKind
from ghlctl.transport.conversation import Conversation, Ending

_WITHIN_S = 3.0
_LEAVES_AFTER_S = 0.5
_BROKEN = 500
_AGAIN_S = 1.0
_HEADER_BYTES, _HEADERS, _URL_BYTES = 64 * 1024, 1000, 16 * 1024


@dataclass(frozen=True, slots=True)
class _Odd:
    """`plain`: it is well-formed HTTP, which deserves an answer; for others none is waited for."""

    name: str
    content: bytes
    plain: bool = True

    @property
    def within_s(self) -> float:
        return _WITHIN_S if self.plain else _LEAVES_AFTER_S


def crashed(kit: Kit) -> Script:
    """Odd requests at once, then genuine ones: a receiver that is gone refuses connections.

    One that is started anew at once shows by well-formed requests that get no answer, every time.
    """
    first = kit.genuine()
    yield from send(first.delivery, "genuine, before", first.canary)
    yield from observe(first.canary, expected=True, settle=False)
    silent: set[str] = set()
    for tries in range(REPEATS):
        now, genuine = yield from _shaken(kit)
        gone, proof = yield from _gone(kit)
        if gone:
            reason = f"nobody listens after odd requests: refused {REPEATS} of {REPEATS} times"
            return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason, (first.canary, *proof))
        silent = now if not tries else silent & now
        if not silent:
            break
    if silent:
        reason = (
            f"closed the connection without an answer, {REPEATS} of {REPEATS} times, on a request "
            f"{'; '.join(sorted(silent))}"
        )
        return Verdict(
            Outcome.WARN, Confidence.MEDIUM, reason, (genuine,), severity=Severity.MEDIUM
        )
    reason = f"{len(_odd(kit, kit.genuine()))} odd requests did it no harm"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, proof)


def _shaken(kit: Kit) -> Part[tuple[set[str], Canary]]:
    """The names of well-formed requests to which nothing came but the end of the connection."""
    genuine = kit.genuine()
    odd = _odd(kit, genuine)
    talked = yield from talk_all(
        said(one.content, f"odd: {one.name}", genuine.canary, within_s=one.within_s) for one in odd
    )
    closed = (Ending.CLOSED, Ending.RESET)
    return {
        one.name
        for one, spoken in zip(odd, talked.conversations, strict=True)
        if one.plain and not spoken.replies and spoken.ending in closed
    }, genuine.canary


def _gone(kit: Kit) -> Part[tuple[bool, tuple[Canary, ...]]]:
    """Whether each of some tries, a second apart, was refused its connection."""
    proof: list[Canary] = []
    for _ in range(REPEATS):
        genuine = kit.genuine()
        proof.append(genuine.canary)
        answer = yield from send(genuine.delivery, "genuine, after", genuine.canary)
        if isinstance(answer, Reply) or answer.kind is not ErrorKind.CONNECT:
            return False, tuple(proof)
        yield from wait(_AGAIN_S)
    return True, tuple(proof)


def _odd(kit: Kit, genuine: Genuine) -> list[_Odd]:
    bare = kit.unsigned(genuine)
    names = kit.scheme.headers
    aborted = head_of(kit, bare, Line(length=str(len(bare.body) + 1000))) + bare.body
    chunks = head_of(kit, bare, Line(length=""), ("Transfer-Encoding", "chunked"))
    return [
        _Odd("with nothing in it", whole(kit, replace(bare, body=b"", headers=()))),
        _Odd("with empty signatures", whole(kit, _signed_by(bare, names, ""))),
        _Odd("with signatures of one letter", whole(kit, _signed_by(bare, names, "a"))),
        _Odd(
            "with a body of null", whole(kit, _signed_by(replace(bare, body=b"null"), names, "="))
        ),
        _Odd("with bytes that are no text", whole(kit, replace(bare, body=b"\xff\xfe\x00\x80"))),
        _Odd("with a broken escape in its path", whole(kit, bare, Line(target="/%"))),
        _Odd("with a NUL in its path", whole(kit, bare, Line(target="/%00"))),
        _Odd("with a chunk of no size", chunks + b"zz\r\n{}\r\n0\r\n\r\n", plain=False),
        _Odd("that is cut off", aborted, plain=False),
        _Odd("that is no HTTP", b"\x16\x03\x01\x00\x00\xff\r\n\r\n", plain=False),
    ]


def _signed_by(delivery: Delivery, names: Sequence[str], text: str) -> Delivery:
    more: Headers = tuple((name, text) for name in names)
    return replace(delivery, headers=(*delivery.headers, *more))


def overlong_head(kit: Kit) -> Script:
    """What stands before the body, far too long, unsigned: a server error is what is looked for."""
    broken: set[str] = set()
    for tries in range(REPEATS):
        genuine = kit.genuine()
        talks = _overlong(kit, genuine)
        talked = yield from talk_all(talks)
        spoken = dict(zip([one.purpose for one in talks], talked.conversations, strict=True))
        hanging = [name for name, one in spoken.items() if one.timed_out]
        now = {name for name, one in spoken.items() if _breaks(one)}
        broken = now if not tries else broken & now
        if not broken:
            break
    proof = (genuine.canary,)
    if broken:
        reason = f"{'; '.join(sorted(broken))}: a server error, {REPEATS} of {REPEATS} times"
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason, proof)
    if hanging:
        reason = f"{'; '.join(hanging)}: no answer, and the connection held"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    told = ", ".join(f"{name}: {one.text}" for name, one in spoken.items())
    return Verdict(Outcome.PASS, Confidence.HIGH, told, proof)


def _overlong(kit: Kit, genuine: Genuine) -> list[Talk]:
    bare = kit.unsigned(genuine)
    many = tuple((f"X-Ghlctl-{number}", "x") for number in range(_HEADERS))
    target = "/" + "a" * _URL_BYTES
    requests = {
        "a header of 64 kB": whole(kit, bare, Line(), ("X-Ghlctl-Long", "x" * _HEADER_BYTES)),
        "1,000 headers": whole(kit, bare, Line(), *many),
        "a URL of 16 kB": whole(kit, bare, Line(target=target)),
    }
    return [
        said(content, name, genuine.canary, within_s=2 * _WITHIN_S)
        for name, content in requests.items()
    ]


def _breaks(spoken: Conversation) -> bool:
    return any(reply.status >= _BROKEN for reply in spoken.replies)


CRASHED = Check(
    About(
        id="RES-11",
        name="crashed",
        topic=Topic.RESILIENCE,
        title="Lives on after requests that nobody should send",
        severity=Severity.HIGH,
        asks="requests that are empty, cut off, no HTTP, or whose signatures are of no use; then "
        "genuine deliveries",
        correct="any answer, and the genuine ones taken as before",
        why="an error that nobody catches ends the process, and one request silences the receiver",
        remedy="handle every error of a request within that request, also in callbacks",
        references=("CWE-248", "CWE-755", "ASVS v5.0.0-16.5.4", "API4:2023", "CVE-2023-50728"),
    ),
    crashed,
    frozenset({Need.KEY}),
    alone=True,
)

OVERLONG_HEAD = Check(
    About(
        id="RES-12",
        name="overlong-head",
        topic=Topic.RESILIENCE,
        title="Refuses overlong headers and URLs properly",
        severity=Severity.LOW,
        asks="a header of 64 kB, 1,000 headers, a URL of 16 kB",
        correct="431, 414, 400, 404, or the connection closed; no server error",
        why="what breaks over length alone costs a log entry, an alarm and perhaps a worker",
        remedy="let the server's own limits answer, before any code of the receiver sees it",
        references=("CWE-770", "ASVS v5.0.0-4.2.5", "API4:2023"),
    ),
    overlong_head,
)

CHECKS = (CRASHED, OVERLONG_HEAD)
