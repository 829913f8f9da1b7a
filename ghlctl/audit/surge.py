"""More requests than a receiver may want at once, what it said to them, and how it calms down."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

from ghlctl.audit.canary import Canary
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.script import Part, Send, flood, send, wait
from ghlctl.model.delivery import Delivery, Reply, first_header
from ghlctl.model.sample import ErrorKind
from ghlctl.transport.attempt import Answer

TOO_MANY = 429
_UNAVAILABLE = 503
_SECONDS = re.compile(r"[0-9]{1,9}")
_COUNT, _PER_S = 30, 100.0
_MOST, _FASTEST = 400, 200.0
_EXCESS = 3.0  # times the declared rate in all, at twice of it: a full bucket does not hold that
_CALM_WITHIN_S = 65.0
_LOOK_AGAIN_S = 5.0

Vary = Callable[[Kit, Genuine, int], Delivery]
"""The delivery that is sent for the n-th of a surge."""


@dataclass(frozen=True, slots=True)
class Surge:
    """`lasted_s`: until the last answer came."""

    genuine: tuple[Genuine, ...]
    answers: tuple[Answer, ...]
    lasted_s: float

    @property
    def marks(self) -> tuple[Canary, ...]:
        return tuple(one.canary for one in self.genuine)

    def where(self, holds: Callable[[Answer], bool]) -> tuple[Genuine, ...]:
        pairs = zip(self.genuine, self.answers, strict=True)
        return tuple(one for one, answer in pairs if holds(answer))

    def exceeds(self, per_s: float) -> bool:
        """It was too much for a bucket of one second's worth, however slowly it went."""
        return len(self.answers) > per_s * (self.lasted_s + 1)


def genuine_one(_kit: Kit, one: Genuine, _number: int) -> Delivery:
    return one.delivery


def forged_one(kit: Kit, one: Genuine, _number: int) -> Delivery:
    """Signed by a stranger: it looks like a delivery to whoever does not verify."""
    return kit.delivered(one.event, one.canary, one.at, key=kit.stranger)


def surge(kit: Kit, vary: Vary, purpose: str, *, count: int = _COUNT) -> Part[Surge]:
    """More than is declared where a rate is declared, and else what a busy minute may bring."""
    declared, per_s = kit.rate_limit_per_s, _PER_S
    if declared is not None and vary is not forged_one:
        count = min(_MOST, max(count, ceil(_EXCESS * declared)))
        per_s = min(_FASTEST, max(per_s, 2 * declared))
    genuine = tuple(kit.genuine() for _ in range(count))
    sends = [
        Send(vary(kit, one, number), purpose, (one.canary,), patient=False)
        for number, one in enumerate(genuine)
    ]
    began = kit.now()
    answers = yield from flood(sends, per_s)
    return Surge(genuine, answers, max(0.0, kit.now() - began))


def put_off(answer: Answer) -> bool:
    """429, or 503 with the time after which to come again."""
    if not isinstance(answer, Reply):
        return False
    return answer.status == TOO_MANY or (
        answer.status == _UNAVAILABLE and asked_wait_s(answer) is not None
    )


def shut_out(answer: Answer) -> bool:
    """Put off, forbidden, or not let in at all."""
    if isinstance(answer, Reply):
        return put_off(answer) or answer.status == _FORBIDDEN
    return answer.kind in (ErrorKind.CLOSED, ErrorKind.RESET, ErrorKind.CONNECT)


_FORBIDDEN = 403


def asked_wait_s(answer: Answer) -> float | None:
    """What Retry-After says in seconds; None where it says none, or names a date."""
    if not isinstance(answer, Reply):
        return None
    told = first_header(answer.headers, "retry-after") or ""
    return float(told) if _SECONDS.fullmatch(told) else None


def calm(kit: Kit, answers: Sequence[Answer]) -> Part[bool]:
    """Wait until a genuine delivery is let in again, for a minute at most; whether it was."""
    if not any(map(shut_out, answers)):
        return True
    asked = max((asked_wait_s(one) or 0.0 for one in answers), default=0.0)
    waited = 0.0
    while waited < _CALM_WITHIN_S:
        pause = min(max(asked, 1.0), _CALM_WITHIN_S)
        yield from wait(pause)
        waited += pause
        genuine = kit.genuine()
        answer = yield from send(genuine.delivery, "let in again?", genuine.canary, patient=False)
        if not shut_out(answer):
            return True
        asked = asked_wait_s(answer) or _LOOK_AGAIN_S
    return False
