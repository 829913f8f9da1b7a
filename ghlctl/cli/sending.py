"""Single deliveries on their way: sent one after the other, and what came back said at once."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ghlctl.cli.output import Format, as_json, emit
from ghlctl.cli.settings import Receiver
from ghlctl.errors import ExitStatus, NotMeasuredError

if TYPE_CHECKING:
    from ghlctl.cli.deliveries import Addressed
    from ghlctl.model.delivery import Delivery
    from ghlctl.model.effect import LedgerEntry
    from ghlctl.transport.attempt import Answer
    from ghlctl.transport.ledger import Ledger
    from ghlctl.transport.reach import Reach

WITHIN_S = 10.0
POLL_S = 0.1
QUIET_S = 0.5
SHOWN = 300


@dataclass(frozen=True, slots=True)
class Sent:
    delivery: "Delivery"
    answer: "Answer"
    at: float

    @property
    def acknowledged(self) -> bool:
        return bool(getattr(self.answer, "acknowledged", False))


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends what it is given; `alone`: a single delivery, of which more is told."""

    receiver: Receiver
    form: Format
    output: str
    alone: bool = False
    _lines: list[str] = field(default_factory=list)

    def send(self, made: "Iterable[Addressed]") -> ExitStatus:
        """Raise NotMeasuredError where one was not acknowledged, after all was said."""
        from ghlctl.transport.reach import Reach

        with Reach() as reach:
            ledger = self._ledger(reach)
            sent = [self._one(reach, one) for one in made]
            effects = {} if ledger is None else _effects(ledger, sent)
        if self.form is Format.JSON:
            emit(_document(sent, effects, watched=ledger is not None), self.output)
        else:
            for line in _effect_lines(sent, effects) if ledger is not None else ():
                self._tell(line)
            if self.output != "-":
                emit("\n".join(self._lines), self.output)
        self._require_acknowledged(sent)
        return ExitStatus.FINE

    def _ledger(self, reach: "Reach") -> "Ledger | None":
        from ghlctl.transport.ledger import Ledger

        if self.receiver.upstream is None:
            return None
        ledger = Ledger(reach, self.receiver.upstream)
        ledger.fresh()  # what stands there already is nobody's effect
        return ledger

    def _one(self, reach: "Reach", one: "Addressed") -> Sent:
        at = time.time()
        sent = Sent(one.delivery, reach.send(one.url, one.delivery), at)
        if self.form is Format.TEXT:
            for line in _told(sent, alone=self.alone):
                self._tell(line)
        return sent

    def _tell(self, line: str) -> None:
        if self.output == "-":
            emit(line)
        self._lines.append(line)

    def _require_acknowledged(self, sent: list[Sent]) -> None:
        from ghlctl.transport.address import shown_url
        from ghlctl.transport.attempt import Failure

        shown = shown_url(self.receiver.url)
        failed = [one.answer for one in sent if isinstance(one.answer, Failure)]
        if failed:
            raise NotMeasuredError(
                f"the receiver {shown} gave no reply to {len(failed)} of {len(sent)}:"
                f" {failed[-1].text}",
                "is it running, and on this port? ghlctl health tells more",
            )
        refused = sum(not one.acknowledged for one in sent)
        if refused:
            raise NotMeasuredError(
                f"the receiver {shown} did not acknowledge {refused} of {len(sent)}",
                "does it trust this key, and is the path its webhook's? ghlctl health tells more",
            )


def _told(sent: Sent, *, alone: bool) -> Iterator[str]:
    from ghlctl.model.delivery import Reply
    from ghlctl.model.visible import visible

    delivery, answer = sent.delivery, sent.answer
    name = f"{visible(delivery.event_type)}  {delivery.id}"
    if not isinstance(answer, Reply):
        yield f"---  {answer.kind.value}  {name}"
        return
    yield f"{answer.status}  {answer.total_ms:8.1f} ms  {name}"
    if answer.body and (alone or not sent.acknowledged):
        yield f"     {_start_of(answer.body)}"


def _start_of(body: bytes) -> str:
    """On one line, and inert: a reply is a stranger's text."""
    from ghlctl.model.visible import visible

    text = visible(" ".join(body[: 4 * SHOWN].decode("utf-8", "replace").split()))
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def _effects(ledger: "Ledger", sent: list[Sent]) -> "dict[str, list[LedgerEntry]]":
    """What the receiver did upstream for each delivery.

    Waited for until every acknowledged one has some and no more come for a moment.
    """
    from ghlctl.analysis.attribution import attributor

    waiting = {one.delivery.id for one in sent if one.acknowledged}
    known = attributor([one.delivery.id for one in sent])
    found: dict[str, list[LedgerEntry]] = {}
    until = time.monotonic() + WITHIN_S
    quiet_from = time.monotonic()
    while waiting and time.monotonic() < until:
        came = ledger.fresh()
        quiet_from = time.monotonic() if came else quiet_from
        if waiting <= found.keys() and time.monotonic() - quiet_from > QUIET_S:
            break
        for entry in came:
            made_for = known.attribute(entry) if entry.applied else None
            for delivery_id in made_for.delivery_ids if made_for else ():
                found.setdefault(delivery_id, []).append(entry)
        time.sleep(POLL_S)
    return found


def _effect_lines(sent: list[Sent], effects: "dict[str, list[LedgerEntry]]") -> Iterator[str]:
    from ghlctl.model.visible import visible

    for one in sent:
        entries = effects.get(one.delivery.id, [])
        for entry in entries:
            took_ms = entry.at_unix_ns / 1e6 - one.at * 1e3
            yield f"effect  {took_ms:8.1f} ms  {entry.method} {visible(entry.path)}"
        if not entries and one.acknowledged:
            yield f"no effect within {WITHIN_S:g} s  {visible(one.delivery.event_type)}"


def _document(sent: list[Sent], effects: "dict[str, list[LedgerEntry]]", *, watched: bool) -> str:
    rows: list[object] = []
    for one in sent:
        row = _row(one)
        if watched:
            row["effects"] = [
                {"operation": f"{entry.method} {entry.path}", "at_unix_ns": entry.at_unix_ns}
                for entry in effects.get(one.delivery.id, [])
            ]
        rows.append(row)
    acknowledged = sum(one.acknowledged for one in sent)
    return as_json(
        {
            "schema_version": 1,
            "sent": len(sent),
            "acknowledged": acknowledged,
            "deliveries": rows,
            "pass": acknowledged == len(sent),
        }
    )


def _row(sent: Sent) -> dict[str, object]:
    from ghlctl.model.delivery import Reply

    delivery, answer = sent.delivery, sent.answer
    row: dict[str, object] = {"delivery": delivery.id, "event": delivery.event_type}
    if isinstance(answer, Reply):
        text = answer.body[:SHOWN].decode("utf-8", "replace")
        return row | {"status": answer.status, "total_ms": answer.total_ms, "reply": text}
    return row | {"status": 0, "error": answer.kind.value, "detail": answer.text}
