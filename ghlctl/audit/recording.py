"""A check's run as it is stored: enough to let its script judge again without any receiver.

A script is pure: the same chance, the same times and the same results give the same verdict. What
a receiver said stands here censored, so that no key comes back to disk in it.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from ghlctl.audit.canary import Canary
from ghlctl.audit.evidence import Censor
from ghlctl.audit.steps import (
    Done,
    Heard,
    HookRan,
    LogFound,
    Observation,
    OldestSaid,
    Result,
    Source,
    StoreSaid,
    Talked,
    Times,
)
from ghlctl.model.delivery import Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Outcome
from ghlctl.transport.attempt import Answer, Failure, Pushed
from ghlctl.transport.conversation import Conversation, Handshaken

_KINDS: dict[str, type] = {
    "reply": Reply,
    "failure": Failure,
    "times": Times,
    "handshaken": Handshaken,
    "observation": Observation,
    "done": Done,
    "hook": HookRan,
    "log": LogFound,
    "store": StoreSaid,
    "oldest": OldestSaid,
    "source": Source,
}
_NAMES = {kind: name for name, kind in _KINDS.items()} | {
    Pushed: "pushed",
    Talked: "talked",
    Heard: "heard",
}
_ANSWERS = "answers"


class StoredResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`kind` names the result's type; `value` are its fields, bytes in base64."""

    kind: str
    value: Any


class Recording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`seed` and `times` are the chance and the clock that the script was given."""

    check: str
    seed: int
    times: tuple[float, ...]
    results: tuple[StoredResult, ...]
    outcome: Outcome
    alive: bool
    late: bool = False
    strays: tuple[LedgerEntry, ...] = ()
    stopped: str = ""


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for all checks of one audit, without any key."""

    schema_version: int
    url: str
    provider: str
    scheme: str
    event_type: str
    has_key: bool
    oracle: bool
    ledger: bool
    listener: str
    largest_body_bytes: int
    by_reading: bool
    applied: bool
    multiplicity: int
    skew_s: float | None
    controlled: bool
    rate_limit_per_s: float | None = None
    retention_days: float | None = None
    needed_fields: tuple[str, ...] = ()
    given: tuple[str, ...] = ()


def stored(results: Sequence[Result], censor: Censor) -> tuple[StoredResult, ...]:
    return tuple(_stored(result, censor) for result in results)


def restored(stored_result: StoredResult) -> Result:
    """Raise msgspec.ValidationError or KeyError for what is no result."""
    value = stored_result.value
    match stored_result.kind:
        case "answers":
            return tuple(map(_answer, value))
        case "pushed":
            return Pushed(_answer(value["answer"]), value["sent_bytes"], value["body_bytes"])
        case "talked":
            spoken = msgspec.convert(value["conversations"], tuple[Conversation, ...])
            return Talked(spoken, tuple(map(_answer, value["answers"])))
        case "heard":
            marks = msgspec.convert(value["canaries"], tuple[tuple[Canary, ...], ...])
            return Heard(tuple(map(_answer, value["answers"])), marks)
        case kind:
            found: Result = msgspec.convert(value, _KINDS[kind])
            return found


def _answer(value: Any) -> Answer:
    if "status" in value:
        return msgspec.convert(value, Reply)
    return msgspec.convert(value, Failure)


def _stored(result: Result, censor: Censor) -> StoredResult:
    name = _ANSWERS if isinstance(result, tuple) else _NAMES[type(result)]
    return StoredResult(
        name, _censored(msgspec.to_builtins(result, builtin_types=(bytes,)), censor)
    )


def _censored(value: Any, censor: Censor) -> Any:
    match value:
        case str():
            return censor.text(value)
        case bytes():
            return msgspec.to_builtins(censor.raw(value))
        case list() | tuple():
            return [_censored(inner, censor) for inner in value]
        case dict():
            return {name: _censored(inner, censor) for name, inner in value.items()}
        case _:
            return value
