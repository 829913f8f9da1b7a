"""What a check is: a generator that yields steps and is sent what came of them. No I/O here.

def no_signature(kit: Kit) -> Script:
    genuine = kit.genuine()
    answer = yield from send(kit.unsigned(genuine), "no signature", genuine.canary)
    seen = yield from observe(genuine.canary)
    return Verdict(...)
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from ghlctl.audit.about import About
from ghlctl.audit.canary import Canary
from ghlctl.audit.fits import ALWAYS, Fits
from ghlctl.audit.kit import Kit
from ghlctl.audit.needs import Need
from ghlctl.audit.receiver import HookName
from ghlctl.audit.steps import (
    AskOldest,
    AskStore,
    Burst,
    Done,
    Fault,
    Flood,
    Heard,
    Hook,
    HookRan,
    LogFound,
    Needle,
    Observation,
    Observe,
    OldestSaid,
    Push,
    ReadSource,
    Result,
    SearchLogs,
    Send,
    Shake,
    Shared,
    Source,
    Step,
    StoreSaid,
    Talk,
    Talked,
    Talks,
    Timed,
    Times,
    Volley,
    Wait,
)
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.transport.attempt import Answer, Failure, Pushed
from ghlctl.transport.conversation import Conversation, Handshaken, TlsOffer


@dataclass(frozen=True, slots=True)
class Watched:
    """A canary that had this many effects when judged and must have no more of them later."""

    canary: Canary
    effects: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check concludes. `proof` picks the exchanges to show; `severity` overrides its own.

    `accounted`: it holds only where no act upstream is left that nobody can be put down to.
    """

    outcome: Outcome
    confidence: Confidence
    reason: str
    proof: tuple[Canary, ...] = ()
    quiet: tuple[Watched, ...] = ()
    severity: Severity | None = None
    accounted: bool = False


Script = Generator[Step, Result, Verdict]
T = TypeVar("T")
Part = Generator[Step, Result, T]


@dataclass(frozen=True, slots=True)
class Check:
    """One question to a receiver.

    Checks that are `alone`, and those that need leave to be intrusive, run with no other beside
    them and a control right after them. `reads_key`: its verdict rests on the key's text, which is
    never stored, so that it cannot be judged again from a stored audit. `unaided`: it asks for no
    reply, so that it is asked of a receiver that gave none.
    """

    about: About
    script: Callable[[Kit], Script]
    needs: frozenset[Need] = field(default=frozenset())
    fits: Fits = ALWAYS
    alone: bool = False
    reads_key: bool = False
    unaided: bool = False

    @property
    def intrusive(self) -> bool:
        return Need.INTRUSIVE in self.needs

    @property
    def apart(self) -> bool:
        return self.alone or not self.needs.isdisjoint(_DISTURBING)


_DISTURBING = frozenset(
    {
        Need.INTRUSIVE,
        Need.TIMING,
        Need.RESTART,
        Need.RESTART_WITHOUT_KEY,
        Need.ROTATE,
        Need.REVOKE,
    }
)


def send(
    delivery: Delivery,
    purpose: str,
    *canaries: Canary,
    method: str = "POST",
    url: str = "",
    patient: bool = True,
    alone: bool = False,
) -> Part[Answer]:
    """One request, and the reply or why there was none."""
    result = yield Send(delivery, purpose, canaries, method, url, patient, alone)
    if not isinstance(result, Reply | Failure):
        raise TypeError(f"a request was answered with {type(result).__name__}")
    return result


def send_all(sends: Iterable[Send]) -> Part[tuple[Answer, ...]]:
    """Some requests at the same time; their answers in the same order."""
    return (yield from _asked(Volley(tuple(sends)), tuple))


def share(key: str, sends: Iterable[Send]) -> Part[Heard]:
    """Some at the same time, once for all checks that share `key`, whoever asks first.

    Only for readings of the answer: what was sent may carry another check's canaries.
    """
    return (yield from _asked(Shared(key, tuple(sends)), Heard))


def burst(sends: Iterable[Send]) -> Part[tuple[Answer, ...]]:
    """Requests whose last bytes leave together, for races; answers in the same order."""
    return (yield from _asked(Burst(tuple(sends)), tuple))


def flood(sends: Iterable[Send], per_s: float) -> Part[tuple[Answer, ...]]:
    """Requests at a rate, none of them patient; answers in the same order."""
    return (yield from _asked(Flood(tuple(sends), per_s), tuple))


def push(delivery: Delivery, purpose: str, *canaries: Canary) -> Part[Pushed]:
    """One large request, and how much of it the receiver took."""
    return (yield from _asked(Push(delivery, purpose, canaries), Pushed))


def talk(one: Talk) -> Part[Conversation]:
    """Bare bytes, and what came back; `audit.raw` makes them."""
    talked = yield from _asked(Talks((one,)), Talked)
    return talked.conversations[0]


def talk_all(
    talks: Iterable[Talk], meanwhile: Iterable[Send] = (), *, after_s: float = 0.0
) -> Part[Talked]:
    """Conversations side by side, and requests that are sent while they last."""
    return (yield from _asked(Talks(tuple(talks), tuple(meanwhile), after_s), Talked))


def timed(deliveries: Iterable[Delivery], purpose: str, *canaries: Canary) -> Part[Times]:
    """Times until the first byte, one request after the other on one connection."""
    return (yield from _asked(Timed(tuple(deliveries), purpose, canaries), Times))


def shake(offer: TlsOffer) -> Part[Handshaken]:
    return (yield from _asked(Shake(offer), Handshaken))


def observe(
    *canaries: Canary,
    expected: bool = False,
    settle: bool = True,
    any_act: bool = False,
    alone: bool = False,
) -> Part[Observation]:
    """What the receiver did upstream because of these canaries."""
    return (yield from _asked(Observe(canaries, expected, settle, any_act, alone), Observation))


def wait(seconds: float) -> Part[Done]:
    return (yield from _asked(Wait(seconds), Done))


def fail_upstream(
    canary: Canary, *, status: int = 500, times: int = 1, delay_s: float = 0.0
) -> Part[Done]:
    """The next calls upstream with this canary are answered so; Need.FAULTS."""
    return (yield from _asked(Fault(canary, status, times, delay_s), Done))


def hook(name: HookName) -> Part[HookRan]:
    """Restart or rotate by the config's command; the check needs it."""
    return (yield from _asked(Hook(name), HookRan))


def search_logs(
    needles: Iterable[Needle], *until: str, beyond: tuple[tuple[str, int], ...] = ()
) -> Part[LogFound]:
    """Lines since the audit began, or since `beyond`, that hold a needle; Need.LOG."""
    return (yield from _asked(SearchLogs(tuple(needles), until, beyond), LogFound))


def ask_store(canary: Canary, *needles: Needle) -> Part[StoreSaid]:
    """What the receiver keeps about the canary; Need.STORE."""
    return (yield from _asked(AskStore(canary, needles), StoreSaid))


def ask_oldest() -> Part[OldestSaid]:
    """Times of what the receiver keeps; Need.OLDEST."""
    return (yield from _asked(AskOldest(), OldestSaid))


def read_source() -> Part[Source]:
    """Need.SOURCE."""
    return (yield from _asked(ReadSource(), Source))


def _asked(step: Step, kind: type[T]) -> Part[T]:
    result = yield step
    if not isinstance(result, kind):
        raise TypeError(f"{type(step).__name__} was answered with {type(result).__name__}")
    return result


__all__ = [  # what a file of checks needs, in one import
    "Check",
    "Need",
    "Needle",
    "Observation",
    "Observe",
    "Part",
    "Push",
    "Result",
    "Script",
    "Send",
    "Talk",
    "Verdict",
    "Volley",
    "Watched",
    "ask_oldest",
    "ask_store",
    "burst",
    "fail_upstream",
    "flood",
    "hook",
    "observe",
    "push",
    "read_source",
    "search_logs",
    "send",
    "send_all",
    "shake",
    "share",
    "talk",
    "talk_all",
    "timed",
    "wait",
]
