"""Receivers whose one flaw is in what they record, or in how they heed a refusal."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from tests.audit.flaws.flaw import FAIL, WARN, Flaw
from tests.audit.flaws.privacy import loose, post
from tests.audit.receivers import Payload, Steps, write

Record = dict[str, Any]
Rewrite = Callable[[Record], str]


@dataclass(frozen=True)
class _Rewritten:
    """A log whose records are written otherwise; "" is not written at all."""

    path: Path
    rewrite: Rewrite

    @contextmanager
    def open(self, *_: object, **__: object) -> Iterator["_Rewritten"]:
        yield self

    def write(self, line: str) -> None:
        with self.path.open("a", encoding="utf-8") as log:
            log.write(self.rewrite(json.loads(line)))


def recording(rewrite: Rewrite) -> Callable[[Steps], Steps]:
    def change(steps: Steps) -> Steps:
        if steps.log is None:
            return steps
        return replace(steps, log=cast("Path", _Rewritten(steps.log, rewrite)))

    return change


def as_json(record: Record) -> str:
    return json.dumps(record) + "\n"


def without_a_zone(record: Record) -> str:
    return as_json(record | {"at": record["at"][:19].replace("T", " ")})


def without(*names: str) -> Rewrite:
    def rewrite(record: Record) -> str:
        return as_json({name: value for name, value in record.items() if name not in names})

    return rewrite


def without_refusals(record: Record) -> str:
    return "" if record["outcome"] == "refused" else as_json(record)


def vague_about_refusals(record: Record) -> str:
    vague = {"at": record["at"], "event": "webhook came in"}
    return as_json(vague if record["outcome"] == "refused" else record)


def as_bare_text(record: Record) -> str:
    """Fields put into a line as they came, line ends too."""
    at, outcome = record.pop("at"), record.pop("outcome")
    return f"{at} {outcome} {' '.join(f'{name}={value}' for name, value in record.items())}\n"


def as_escaped_text(record: Record) -> str:
    """A correct log of text."""
    return as_bare_text(record)[:-1].replace("\r", "\\r").replace("\n", "\\n") + "\n"


def messenger(
    *, asks: bool = True, flag_alone: bool = False, forgets: bool = True, believes_yes: bool = True
) -> Callable[[Steps], Steps]:
    """Answers inbound messages by SMS, unless it was told not to; correct by default."""

    def change(steps: Steps) -> Steps:
        refused: set[str] = set()
        gone: set[str] = set()

        async def act(steps: Steps, payload: Payload) -> None:
            contact = str(payload.get("contactId") or payload.get("id"))
            match payload["type"]:
                case "ContactDndUpdate":
                    sms = payload["dndSettings"].get("SMS", {}).get("status") == "active"
                    if payload["dnd"] or (sms and not flag_alone):
                        refused.add(contact)
                    elif believes_yes:
                        refused.discard(contact)
                case "ContactDelete":
                    gone.add(contact)
                case "InboundMessage":
                    heeded = (asks and contact in refused) or (forgets and contact in gone)
                    if not heeded:
                        body = {"type": "SMS", "contactId": contact, "message": "Thank you"}
                        await post(steps, "/conversations/messages", payload, body)
                case _:
                    await write(steps, payload)

        return replace(loose(steps), act=act)

    return change


FLAWS = (
    Flaw("naive-time", "ghl", recording(without_a_zone), {"PRV-06": FAIL}),
    Flaw("whose-is-missing", "standard", recording(without("locationId")), {"PRV-06": FAIL}),
    Flaw("actor-is-missing", "ghl", recording(without("appId")), {"PRV-06": WARN}),
    Flaw("silent-refusals", "ghl", recording(without_refusals), {"PRV-07": FAIL}),
    Flaw("vague-refusals", "ghl", recording(vague_about_refusals), {"PRV-07": WARN}),
    Flaw("bare-text-log", "ghl", recording(as_bare_text), {"PRV-08": FAIL}),
    Flaw("writes-to-all", "ghl", messenger(asks=False), {"PRV-10": FAIL}),
    Flaw("reads-the-flag-alone", "ghl", messenger(flag_alone=True), {"PRV-10": WARN}),
    Flaw("never-again", "ghl", messenger(believes_yes=False), {"PRV-11": WARN}),
)
