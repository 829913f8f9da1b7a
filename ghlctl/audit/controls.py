"""Positive controls: genuine deliveries that must be accepted, or no refusal means anything."""

from dataclasses import dataclass
from statistics import mode

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary, Footprint, footprint_of
from ghlctl.audit.kit import Kit
from ghlctl.audit.script import Part, observe, send
from ghlctl.model.delivery import Reply
from ghlctl.model.finding import Severity
from ghlctl.model.sample import ErrorKind
from ghlctl.transport.attempt import Answer, acknowledged

FIRST_TIME = 3
"""Genuine deliveries before the first check; between checks one is enough."""
TRIES = 3


@dataclass(frozen=True, slots=True)
class Life:
    """What came of `asked` genuine deliveries. `acted` counts the accepted ones without upstream.

    `why_not` is the reason of the first that was not acted on, "" if all were. `counts`: how
    many effects each that was acted on had.
    """

    asked: int
    acted: int
    slowest_s: float
    footprint: Footprint
    why_not: str
    canaries: tuple[Canary, ...]
    counts: tuple[int, ...] = ()

    @property
    def alive(self) -> bool:
        return self.acted > 0


def sign_of_life(kit: Kit, count: int) -> Part[Life]:
    """Send `count` genuine deliveries, and single ones more while none was acted on."""
    life = yield from _send(kit, count)
    for _ in range(TRIES - 1):
        if life.alive:
            break
        life = yield from _send(kit, 1)
    return life


def _send(kit: Kit, count: int) -> Part[Life]:
    """One at a time, so that the time until each one acts is its own."""
    answers: dict[Canary, Answer] = {}
    acted: list[Canary] = []
    for _ in range(count):
        genuine = kit.genuine()
        purpose = "genuine delivery (positive control)"
        answer = yield from send(genuine.delivery, purpose, genuine.canary)
        answers[genuine.canary] = answer
        if _gone(answer):
            break
        if acknowledged(answer):
            seen = yield from observe(genuine.canary, expected=True, settle=False)
            acted += [genuine.canary] if seen.lines is None or seen.lines else []
    # What a first effect is followed by matters once, to learn how long effects take here.
    seen = yield from observe(*acted, expected=True, settle=count >= FIRST_TIME)
    why = next((_why(answer) for canary, answer in answers.items() if canary not in acted), "")
    found = footprint_of(seen.lines or ())
    counts = tuple(found.effects(seen.of([canary])) for canary in acted)
    return Life(count, len(acted), seen.slowest_s, found, why, tuple(answers), counts)


def multiplicity_of(life: Life) -> int:
    """How many effects one genuine delivery usually has here; 1 where nobody sees any."""
    return max(1, mode(life.counts)) if life.counts else 1


def _gone(answer: Answer) -> bool:
    return not isinstance(answer, Reply) and answer.kind in (
        ErrorKind.CONNECT,
        ErrorKind.TLS,
        ErrorKind.TIMEOUT,
    )


def _why(answer: Answer) -> str:
    match answer:
        case Reply(status=status) if answer.acknowledged:
            return f"answered {status}, but nothing arrived at the upstream"
        case Reply(status=status) if status // 100 == 3:  # noqa: PLR2004 - redirects, by HTTP's definition
            return f"answered {status}, a redirect, which is never followed"
        case Reply(status=status):
            return f"answered {status}"
        case _:
            return answer.text


FIRST_CONTROL = About(
    id="CTL-01",
    name="accepts-genuine",
    topic=Topic.CONTROLS,
    title="Accepts genuine deliveries",
    severity=Severity.INFO,
    asks="genuinely signed events before the first check",
    correct="a 2xx reply, and effects upstream",
    why="a receiver that refuses everything would pass every check that expects a refusal",
    remedy="give the receiver the public half of the test key, name its webhook route in the URL, "
    "and let it call the upstream that the audit reads",
)

LATER_CONTROL = About(
    id="CTL-02",
    name="still-alive",
    topic=Topic.CONTROLS,
    title="Still accepts genuine deliveries after the checks",
    severity=Severity.INFO,
    asks="a genuinely signed event after each group of topics and each intrusive check",
    correct="acted on as before",
    why="a receiver that died on the way refuses everything from then on",
    remedy="handle every error of a request within that request",
    references=("CWE-248", "CWE-755", "ASVS v5.0.0-16.5.4", "API4:2023"),
)

CLOCK = About(
    id="CTL-04",
    name="clock-apart",
    topic=Topic.CONTROLS,
    title="Shares our clock",
    severity=Severity.INFO,
    asks="the Date header of the controls' replies",
    correct="a difference of at most 5 s",
    why="with clocks apart, fresh deliveries look stale and stale ones fresh",
    remedy="synchronise both machines by NTP",
    references=("ASVS v5.0.0-16.2.2",),
)
