"""Whether the log tells of each delivery that was refused, and why."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.checks.privacy_logs import not_its_log
from ghlctl.audit.checks.signature_forgeries import badly_signed, url_for
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import (
    Check,
    Need,
    Needle,
    Part,
    Script,
    Send,
    Verdict,
    observe,
    search_logs,
    send,
    send_all,
    wait,
)
from ghlctl.audit.steps import LogFound
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.transport.attempt import Answer

_LATE_S = 0.5
_BUSY = 429


@dataclass(frozen=True, slots=True)
class _Kind:
    """What should be refused; `forged`: whatever it is answered, nobody may act on it."""

    name: str
    deliveries: tuple[Delivery, ...]
    canaries: tuple[Canary, ...]
    forged: bool = False


def unrecorded_refusal(kit: Kit) -> Script:
    """Deliveries that are refused, and the lines that were written meanwhile.

    A receiver that refuses before it parses knows no id, so its lines are known by when they
    came: nothing else is asked at the time, and a genuine delivery after each kind tells where
    its lines end. Floods that a rate limit refuses are left to the checks of rate limits. A copy
    that is acknowledged was not refused, and needs no line.
    """
    first = kit.genuine()
    start = yield from marked(kit, first, ())
    usual = yield from marked(kit, kit.genuine(), start.ends)
    if not start.seen or not usual.seen:
        return not_its_log(first.canary)
    ends = usual.ends
    written: list[_Written] = []
    marks: list[Canary] = []
    for kind in _kinds(kit, first):
        refused = yield from _refused(kit, kind)
        marker = kit.genuine()
        logged = yield from marked(kit, marker, ends)
        if refused and _refusals(logged, marker) < REPEATS:
            yield from wait(_LATE_S)
            logged = yield from search_logs(_NEEDLES, *marker.canary.texts, beyond=ends)
        ends = logged.ends
        if refused:
            marks += kind.canaries
            more = logged.lines - usual.lines
            written.append(_Written(kind.name, _refusals(logged, marker), more))
    return _judged(written, tuple(marks))


@dataclass(frozen=True, slots=True)
class _Written:
    """Of three refusals: lines that tell of one, and how many lines came at all."""

    name: str
    refusals: int
    lines: int


def _judged(written: Sequence[_Written], marks: tuple[Canary, ...]) -> Verdict:
    lacking = [one for one in written if one.refusals < REPEATS]
    silent = [one.name for one in lacking if not one.refusals and one.lines < REPEATS]
    vague = [one.name for one in lacking if not one.refusals and one.lines >= REPEATS]
    if silent:
        times = f"{REPEATS} of {REPEATS} times"
        reason = f"its log says nothing of refused deliveries {'; '.join(silent)}, {times}"
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason, marks)
    if vague:
        reason = f"its lines about deliveries {'; '.join(vague)} tell no refusal and no reason"
        return Verdict(Outcome.WARN, Confidence.MEDIUM, reason, marks)
    if lacking:
        names = "; ".join(one.name for one in lacking)
        reason = f"some refusals of deliveries {names} stand in its log, but not all"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)
    if not written:
        reason = "nothing that was sent was refused, so there was nothing to record"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)
    reason = f"its log tells of refusals: {'; '.join(one.name for one in written)}"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, marks)


def marked(kit: Kit, genuine: Genuine, beyond: tuple[tuple[str, int], ...]) -> Part[LogFound]:
    """A genuine delivery, and the log once its line is there: all before it is there too."""
    mark = genuine.canary
    yield from send(genuine.delivery, "genuine delivery (marks the log)", mark)
    yield from observe(mark, expected=kit.oracle, settle=False)
    return (yield from search_logs(_NEEDLES, *mark.texts, beyond=beyond))


def _refused(kit: Kit, kind: _Kind) -> Part[bool]:
    answers = yield from send_all(
        Send(delivery, kind.name, (canary,), url=url_for(kit, delivery.body))
        for delivery, canary in zip(kind.deliveries, kind.canaries, strict=True)
    )
    if all(map(_says_no, answers)):
        return True
    if not kind.forged or not kit.oracle:
        return False
    seen = yield from observe(*kind.canaries, any_act=True)
    answered = all(isinstance(one, Reply) and not _broke(one) for one in answers)
    return answered and not kit.footprint.acts(seen.of(kind.canaries))


def _says_no(answer: Answer) -> bool:
    return isinstance(answer, Reply) and answer.status // 100 == 4 and answer.status != _BUSY  # noqa: PLR2004 - refusals, by HTTP's definition


def _broke(reply: Reply) -> bool:
    return reply.status // 100 == 5 or reply.status == _BUSY  # noqa: PLR2004 - server errors


def _kinds(kit: Kit, first: Genuine) -> tuple[_Kind, ...]:
    kinds = [
        _kind(kit, "cut off", lambda one: kit.signed(one.delivery.body[:-2], one.canary)),
        _kind(kit, "of an hour ago", lambda one: one.delivery, age_s=_OLD_S),
        _Kind("sent again", (first.delivery,) * REPEATS, (first.canary,) * REPEATS),
    ]
    if kit.scheme.headers:
        bad = _kind(kit, "with a bad signature", lambda one: badly_signed(kit, one.delivery))
        bare = _kind(kit, "without a signature", kit.unsigned)
        kinds = [replace(bad, forged=True), replace(bare, forged=True), *kinds]
    return tuple(kinds)


def _kind(kit: Kit, name: str, make: Callable[[Genuine], Delivery], *, age_s: float = 0.0) -> _Kind:
    genuine = [kit.genuine(age_s=age_s) for _ in range(REPEATS)]
    return _Kind(name, tuple(map(make, genuine)), tuple(one.canary for one in genuine))


_OLD_S = 3600.0
_STEMS = (
    "refus reject den invalid mism unmatch unauth forbid bad fail wrong miss stale expir old late "
    "replay dup error unsign untrust unverif malform drop discard ignor abort unknown block "
    "illegal not cannot exception already skip warn 4"
)
_NEEDLES = tuple(
    Needle("a refusal", form.encode())
    for stem in _STEMS.split()
    for form in dict.fromkeys((stem, stem.capitalize(), stem.upper()))
)
_TELLS = re.compile(
    r"(?<![a-z])(?:refus|reject|den(?:y|ied|ial)|invalid|mism?atch|unmatch|unauth|forbid|bad|fail"
    r"|wrong|miss(?:ing|ed)?(?![a-z])|stale|expir|(?:too[ _-]?)?(?:old|late)(?![a-z])|replay|dup"
    r"|error|unsign|untrust|unverif|malform|drop|discard|ignor|abort|unknown|block|illegal"
    r"|not(?![a-z])|cannot|exception|already|skip|warn)"
    r"|(?<![\w.:+-])4\d\d(?![\w.:+-])",
    re.IGNORECASE,
)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def _refusals(found: LogFound, marker: Genuine) -> int:
    """How many lines that speak of a refusal and not of the genuine delivery that came last."""
    own = [text.encode() for text in marker.canary.texts]
    lines = {
        (hit.file, hit.line)
        for hit in found.hits
        if not any(text in hit.content for text in own) and _tells(hit.content)
    }
    return len(lines)


def _tells(content: bytes) -> bool:
    """Whether a line says that something was refused; digits of a time or an id say nothing."""
    return _TELLS.search(_HUMP.sub(" ", content.decode("utf-8", "replace"))) is not None


UNRECORDED_REFUSAL = Check(
    About(
        id="PRV-07",
        name="unrecorded-refusal",
        topic=Topic.COMPLIANCE,
        title="Records what it refused, and why",
        severity=Severity.MEDIUM,
        asks="deliveries with bad signatures and none, cut off, an hour old and sent again, three "
        "of each; for each that was refused, lines that tell of it",
        correct="a line with a reason for each",
        why="who tries to break in is seen by what is refused, or not at all",
        remedy="record each refusal with its reason, and let the record be watched",
        references=("CWE-778", "ASVS v5.0.0-16.3.1", "ASVS v5.0.0-16.3.3", "API8:2023"),
    ),
    unrecorded_refusal,
    frozenset({Need.KEY, Need.LOG}),
    alone=True,
)

CHECKS = (UNRECORDED_REFUSAL,)
