"""The steps that a check may yield, and what it is sent for each. Values alone, no I/O here."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ghlctl.audit.canary import Canary, searchable
from ghlctl.audit.receiver import HookName
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.transport.attempt import Answer, Failure, Pushed
from ghlctl.transport.conversation import Conversation, Handshaken, Piece, TlsOffer


@dataclass(frozen=True, slots=True)
class Send:
    """One request as it stands; effects with one of `canaries` belong to it.

    `url` is "" for the receiver's own, and otherwise on its host. `patient`: sent again when a
    busy receiver put it off. `alone`: while no other check asks anything.
    """

    delivery: Delivery
    purpose: str
    canaries: tuple[Canary, ...]
    method: str = "POST"
    url: str = ""
    patient: bool = True
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Volley:
    """Several requests at the same time, for when their order does not matter."""

    sends: tuple[Send, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """Requests that several checks ask alike: sent once for all that name the same `key`."""

    key: str
    sends: tuple[Send, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of shared requests; their canaries are those of whoever's were sent."""

    answers: tuple[Answer, ...]
    canaries: tuple[tuple[Canary, ...], ...]


@dataclass(frozen=True, slots=True)
class Burst:
    """Several requests whose last bytes leave together, each on a connection of its own."""

    sends: tuple[Send, ...]


@dataclass(frozen=True, slots=True)
class Flood:
    """Requests at a rate that ignores replies; none is sent again, whatever the answer."""

    sends: tuple[Send, ...]
    per_s: float


@dataclass(frozen=True, slots=True)
class Push:
    """One request with a large body, sent while listening for an early answer."""

    delivery: Delivery
    purpose: str
    canaries: tuple[Canary, ...]


@dataclass(frozen=True, slots=True)
class Talk:
    """Bare bytes on a connection of their own, in pieces; ends after so many `replies`.

    `requests` is how many requests a receiver may see in it.
    """

    pieces: tuple[Piece, ...]
    purpose: str
    canaries: tuple[Canary, ...] = ()
    replies: int = 1
    within_s: float = 10.0
    requests: int = 1


@dataclass(frozen=True, slots=True)
class Talks:
    """Conversations side by side; `meanwhile` is sent once they have lasted `after_s`."""

    talks: tuple[Talk, ...]
    meanwhile: tuple[Send, ...] = ()
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Talked:
    """What came of the conversations, and of what was sent meanwhile."""

    conversations: tuple[Conversation, ...]
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Timed:
    """Requests one after the other on one connection, each timed until its first byte."""

    deliveries: tuple[Delivery, ...] = field(repr=False)
    purpose: str
    canaries: tuple[Canary, ...] = ()


@dataclass(frozen=True, slots=True)
class Times:
    """One pair per request: nanoseconds until the first byte, and status; 0 where none came."""

    first_byte_ns: tuple[int, ...] = field(repr=False)
    statuses: tuple[int, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Shake:
    """One TLS handshake with the receiver's host, and nothing after it."""

    offer: TlsOffer


@dataclass(frozen=True, slots=True)
class Observe:
    """Give effects their time, then look.

    `expected`: wait longer, until each canary has shown; without `settle` no longer than that.
    `any_act`: whether is all that is asked, not how often, so that nobody waits on once each
    canary has been written about. `alone`: nothing else was asked meanwhile (its requests were
    sent `alone`), so that effects without any canary are put down to the single one asked for.
    """

    canaries: tuple[Canary, ...]
    expected: bool = False
    settle: bool = True
    any_act: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Callback:
    """A request that came to the audit's own listener, as text that is not to be trusted."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Observation:
    """The ledger's lines about the canaries asked for; None where nobody can see any.

    `slowest_s`: from a request to the last of its lines, the longest over the canaries.
    `strays`: lines since the observation before that carry no canary of the audit at all.
    `callbacks`: what came to the audit's listener with one of the canaries in it.
    """

    lines: tuple[LedgerEntry, ...] | None
    slowest_s: float = 0.0
    strays: tuple[LedgerEntry, ...] = ()
    callbacks: tuple[Callback, ...] = ()

    def of(self, canaries: Iterable[Canary]) -> tuple[LedgerEntry, ...]:
        wanted = tuple(canaries)
        texts = ((line, searchable(line)) for line in self.lines or ())
        return tuple(line for line, text in texts if any(one.within(text) for one in wanted))


@dataclass(frozen=True, slots=True)
class Wait:
    """Let time pass; all that wait, wait together."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Fault:
    """Tell the upstream how to answer its next `times` requests that carry the canary.

    `status` 0 only delays them by `delay_s`.
    """

    canary: Canary
    status: int = 500
    times: int = 1
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Hook:
    """Run a command of the config, and wait until the receiver listens again."""

    name: HookName


@dataclass(frozen=True, slots=True)
class Done:
    """A step without a result has been taken."""


@dataclass(frozen=True, slots=True)
class HookRan:
    """`failure` is "" where the command ended with status 0 and the receiver listens."""

    failure: str = ""


@dataclass(frozen=True, slots=True)
class Needle:
    """A text to search for, in one of its spellings; `name` is shown in its place."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SearchLogs:
    """Lines that hold a needle, written since the audit began.

    Waits until one of the texts in `until` has been written; "" waits for nothing. `beyond`: only
    what has been written since, as an earlier look's `ends` has it.
    """

    needles: tuple[Needle, ...]
    until: tuple[str, ...] = ()
    beyond: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class LogHit:
    """A line that holds a needle; `line` counts from the file's first, `content` is cut."""

    needle: str
    file: str
    line: int
    content: bytes


@dataclass(frozen=True, slots=True)
class LogFound:
    """`seen`: one of the texts that were waited for was written. `modes`: permissions by file.

    `lines`: how many were looked at, with a needle or without. `ends`: where each file ends now.
    """

    hits: tuple[LogHit, ...]
    seen: bool
    read_bytes: int = 0
    modes: tuple[tuple[str, int], ...] = ()
    lines: int = 0
    ends: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class AskStore:
    """Search what the receiver keeps for the canary's marks, and for `needles`."""

    canary: Canary
    needles: tuple[Needle, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreSaid:
    """`lines`: how many lines the command printed; `held`: names of the needles in them.

    `failure` is "" where the command ended with status 0 or 1.
    """

    lines: int
    held: tuple[str, ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True)
class AskOldest:
    """When the records that the receiver keeps were made."""


@dataclass(frozen=True, slots=True)
class OldestSaid:
    """Unix seconds of the times that the command printed, in order of age.

    `failure` is "" where the command ended with status 0 and every line was a time.
    """

    times: tuple[float, ...]
    failure: str = ""


@dataclass(frozen=True, slots=True)
class ReadSource:
    """The receiver's source: Python, JavaScript, TypeScript and PHP."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    path: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Source:
    """`cut`: there was more than is read."""

    files: tuple[SourceFile, ...]
    cut: bool = False


Step = (
    Send
    | Volley
    | Shared
    | Burst
    | Flood
    | Push
    | Talks
    | Timed
    | Shake
    | Observe
    | Wait
    | Fault
    | Hook
    | SearchLogs
    | AskStore
    | AskOldest
    | ReadSource
)
Result = (
    Reply
    | Failure
    | tuple[Answer, ...]
    | Heard
    | Pushed
    | Talked
    | Times
    | Handshaken
    | Observation
    | Done
    | HookRan
    | LogFound
    | StoreSaid
    | OldestSaid
    | Source
)
