"""The question that checks of input ask: what goes wrong over a body that few have thought of."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from ghlctl.audit.canary import Canary
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import REPEATS, batched, hangs
from ghlctl.audit.script import Part, Script, Send, Verdict, observe, push, send, send_all, share
from ghlctl.audit.steps import Callback, Observation
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.model.sample import ErrorKind
from ghlctl.transport.attempt import Answer, acknowledged

BROKEN = 500
BUSY = 429
_CUT = (ErrorKind.RESET, ErrorKind.CLOSED, ErrorKind.PROTOCOL)
_MOST_NAMED = 6
_LARGE_BYTES = 32_000
_NOT_IMPLEMENTED = 501  # the right answer to a method that a server does not know


@dataclass(frozen=True, slots=True)
class Came:
    """What came of one request: the answer, the upstream's lines about it, calls to the audit."""

    answer: Answer
    lines: tuple[LedgerEntry, ...] = ()
    callbacks: tuple[Callback, ...] = ()

    @property
    def text(self) -> str:
        """The reply's body, "" where none came."""
        body = self.answer.body if isinstance(self.answer, Reply) else b""
        return body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Wrong:
    """`what` completes "the receiver …", the same words for the same fault."""

    what: str
    confidence: Confidence = Confidence.CONFIRMED
    outcome: Outcome = Outcome.FAIL
    severity: Severity | None = None


Reading = Callable[[Came], Wrong | None]


def fine(_came: Came) -> Wrong | None:
    return None


@dataclass(frozen=True, slots=True)
class Posed:
    """A request and how its outcome is read; further canaries may show what came of it too."""

    delivery: Delivery
    canaries: tuple[Canary, ...]
    read: Reading = fine
    method: str = "POST"
    url: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """One way of asking; `name` completes "sent …", `pose` makes it anew with fresh canaries."""

    name: str
    pose: Callable[[Kit], Posed]


@dataclass(frozen=True, slots=True)
class Probed:
    probe: Probe
    posed: Posed
    came: Came
    wrong: Wrong | None


def must_hold(
    kit: Kit,
    probes: Sequence[Probe],
    *,
    worth: Confidence = Confidence.CONFIRMED,
    accounted: bool = False,
    shared: str = "",
) -> Script:
    """Pose every probe, and again those that went wrong; `worth`: how sure a pass is.

    `shared`: the name under which other checks pose the same, and read the answers alone.
    """
    tried = yield from posed(kit, probes, shared)
    doubtful = [one.probe for one in tried if one.wrong]
    again: list[Probed] = []
    for _ in range(REPEATS - 1 if doubtful else 0):
        again += yield from posed(kit, doubtful)
    everything = [*tried, *again]
    if any(one.wrong for one in again):
        return went_wrong(everything)
    verdict = held(everything, worth)
    return replace(verdict, accounted=accounted and verdict.outcome is Outcome.PASS)


def posed(kit: Kit, probes: Sequence[Probe], shared: str = "") -> Part[list[Probed]]:
    """Each once, some at a time; a receiver that hangs is not asked the rest."""
    asked: list[tuple[Probe, Posed, Answer]] = []
    for number, some in enumerate(batched(probes)):
        posing = [probe.pose(kit) for probe in some]
        sends = [
            Send(one.delivery, probe.name, one.canaries, one.method, one.url)
            for probe, one in zip(some, posing, strict=True)
        ]
        if shared:
            heard = yield from share(f"{shared} {number}", sends)
            answers = heard.answers
            posing = [
                replace(one, canaries=canaries)
                for one, canaries in zip(posing, heard.canaries, strict=True)
            ]
        else:
            answers = yield from send_all(sends)
        asked += zip(some, posing, answers, strict=True)
        if sum(map(hangs, answers)) > 1:
            break
    seen = yield from observe(*(canary for _, one, _ in asked for canary in one.canaries))
    return [_read(probe, one, answer, seen) for probe, one, answer in asked]


def posed_alone(kit: Kit, probe: Probe) -> Part[Probed]:
    """One while nobody else asks anything, so that its time is its own; nothing is observed.

    A large one is sent while listening: who refuses it half way has not dropped the connection.
    """
    one = probe.pose(kit)
    if len(one.delivery.body) > _LARGE_BYTES:
        pushed = yield from push(one.delivery, probe.name, *one.canaries)
        answer = pushed.answer
    else:
        answer = yield from send(
            one.delivery, probe.name, *one.canaries, method=one.method, url=one.url, alone=True
        )
        yield from observe(settle=False)
    return _read(probe, one, answer, Observation(()))


def usual_paths(kit: Kit) -> Part[tuple[Genuine, tuple[str, ...]]]:
    """One genuine delivery, and the paths of all requests upstream about it."""
    genuine = kit.genuine()
    yield from send(genuine.delivery, "genuine, to compare with", genuine.canary)
    seen = yield from observe(genuine.canary, expected=True)
    return genuine, tuple(line.path for line in seen.lines or ())


def _read(probe: Probe, one: Posed, answer: Answer, seen: Observation) -> Probed:
    calls = tuple(
        call
        for call in seen.callbacks
        if any(canary.within(call.path.casefold()) for canary in one.canaries)
    )
    came = Came(answer, seen.of(one.canaries), calls)
    return Probed(probe, one, came, one.read(came))


def went_wrong(tried: Sequence[Probed]) -> Verdict:
    """A fault counts where it came every time that its probe was posed, at least three times."""
    wrong = [(one, one.wrong) for one in tried if one.wrong]
    times = Counter(one.probe.name for one, _ in wrong)
    asked = Counter(one.probe.name for one in tried)
    sure = [(o, w) for o, w in wrong if times[o.probe.name] == asked[o.probe.name] >= REPEATS]
    if not sure:
        one, fault = wrong[0]
        reason = f"{fault.what}, sent {one.probe.name}, but not every time that it was repeated"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, one.posed.canaries)
    worst = min((w for _, w in sure), key=lambda w: (_RANK.index(w.outcome), w.severity is None))
    shown = [(o, w) for o, w in sure if w.outcome is worst.outcome]
    names = list(dict.fromkeys(o.probe.name for o, _ in shown))
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    reason = (
        f"{worst.what}, {REPEATS} of {REPEATS} times, sent {'; '.join(names[:_MOST_NAMED])}{more}"
    )
    proof = tuple(canary for o, _ in shown for canary in o.posed.canaries)
    return Verdict(worst.outcome, worst.confidence, reason, proof, severity=worst.severity)


_RANK = (Outcome.FAIL, Outcome.WARN, Outcome.INFORMATIVE)


def held(tried: Sequence[Probed], worth: Confidence) -> Verdict:
    """Nothing went wrong, at least not again; what was not reached stays open."""
    for one in tried:
        if missed := _missed(one.came.answer):
            reason = f"sent {one.probe.name}: {missed}"
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, one.posed.canaries)
    kinds = len({one.probe.name for one in tried})
    taken = sum(acknowledged(one.came.answer) for one in tried)
    broken = sum(breaks(one.came) is not None for one in tried)
    reason = f"{kinds} asked, nothing wrong seen; {taken} of {len(tried)} requests acknowledged"
    if broken:
        reason += f", {broken} ended in a server error (which ERR-05 is about)"
    if once := next((one for one in tried if one.wrong), None):
        assert once.wrong is not None  # noqa: S101 - it was looked for
        reason += f"; {once.wrong.what} once, which did not come again"
    shown = tuple(canary for one in tried[:_MOST_NAMED] for canary in one.posed.canaries)
    return Verdict(Outcome.PASS, worth, reason, shown)


def _missed(answer: Answer) -> str:
    """Why the answer says nothing about the question, "" where it does."""
    if isinstance(answer, Reply):
        return "still answered 429 after waiting" if answer.status == BUSY else ""
    return answer.text


def breaks(came: Came) -> Wrong | None:
    """A server error or a dropped connection."""
    match came.answer:
        case Reply(status=status) if status >= BROKEN and status != _NOT_IMPLEMENTED:
            return Wrong(f"answered {status}", Confidence.HIGH)
        case Reply():
            return None
        case failure if failure.kind in _CUT:
            return Wrong("dropped the connection", Confidence.HIGH)
        case _:
            return None


def any_of(*readings: Reading) -> Reading:
    """The first fault that one of them sees."""

    def read(came: Came) -> Wrong | None:
        return next((wrong for one in readings if (wrong := one(came))), None)

    return read


def upstream_has(text: str, what: str) -> Reading:
    """A text stands in what reached the upstream, as it is or escaped for JSON."""
    escaped = msgspec.json.encode(text).decode()[1:-1]

    def read(came: Came) -> Wrong | None:
        found = any(text in f"{one.path}\n{one.body}" or escaped in one.body for one in came.lines)
        return Wrong(what) if found else None

    return read


def reply_has(text: str, what: str) -> Reading:
    def read(came: Came) -> Wrong | None:
        return Wrong(what, Confidence.HIGH) if text in came.text else None

    return read


_MARKUP = ("text/html", "application/xhtml", "image/svg")


def page_with(text: str) -> Reading:
    """The reply is a page, and the text stands in it as it was sent."""

    def read(came: Came) -> Wrong | None:
        if not isinstance(came.answer, Reply):
            return None
        told = [v for k, v in came.answer.headers if k.lower() == "content-type"]
        if text in came.text and any(kind in " ".join(told).lower() for kind in _MARKUP):
            return Wrong("put markup from the event into a page as it was", Confidence.HIGH)
        return None

    return read


def called_back(mark: str, what: str) -> Reading:
    """The audit's listener was called with `mark` in the path."""

    def read(came: Came) -> Wrong | None:
        return Wrong(what, Confidence.HIGH) if any(mark in c.path for c in came.callbacks) else None

    return read


def changed(
    name: str,
    fields: Callable[[Genuine, Kit], Mapping[str, Any]],
    read: Callable[[Genuine], Reading] = lambda _genuine: breaks,
) -> Probe:
    """A genuine event, signed, with some fields of another content."""

    def pose(kit: Kit) -> Posed:
        genuine = kit.genuine()
        payload = {**genuine.event.payload, **fields(genuine, kit)}
        return Posed(kit.with_payload(genuine, payload), (genuine.canary,), read(genuine))

    return Probe(name, pose)


def rewritten(
    name: str,
    body: Callable[[bytes, Genuine], bytes],
    read: Reading = breaks,
    content_type: str = "application/json",
) -> Probe:
    """A genuine event whose bytes were changed before they were signed."""

    def pose(kit: Kit) -> Posed:
        genuine = kit.genuine()
        content = body(genuine.delivery.body, genuine)
        delivery = kit.signed(content, genuine.canary, content_type=content_type)
        return Posed(delivery, (genuine.canary,), read)

    return Probe(name, pose)


def acted(kit: Kit) -> Reading:
    """It did upstream what it does for a genuine delivery."""

    def read(came: Came) -> Wrong | None:
        return Wrong("acted on it") if kit.footprint.acts(came.lines) else None

    return read


_FREE_TEXTS = (
    "name",
    "firstName",
    "lastName",
    "companyName",
    "notes",
    "source",
    "city",
    "address1",
)


def everywhere(text: str, genuine: Genuine) -> dict[str, object]:
    """The same text in every field of free text, and as a tag."""
    present = dict.fromkeys(_FREE_TEXTS, text)
    tags = genuine.event.payload.get("tags")
    return present | ({"tags": [text]} if isinstance(tags, list) else {})


def always(read: Reading) -> Callable[[Genuine], Reading]:
    """The same reading for every delivery."""
    return lambda _genuine: read


def token(genuine: Genuine) -> str:
    """A text of the delivery's own that stands in none of its marks."""
    return genuine.canary.contact_id[::-1][:14]
