"""ghlctl send: one signed delivery, or some, and what came back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.cli.options import (
    Authorized,
    ConfigFile,
    Header,
    Key,
    Output,
    OutputFormat,
    Provider,
    Scheme,
    Seed,
    Url,
)
from ghlctl.cli.output import Format, as_json, emit
from ghlctl.errors import ExitStatus, NotMeasuredError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ghlctl.cli.deliveries import Addressed
    from ghlctl.cli.settings import Receiver
    from ghlctl.model.delivery import Delivery
    from ghlctl.transport.attempt import Answer, Failure

MOST = 10_000


def send(
    event_type: Annotated[
        str | None, typer.Argument(metavar="[TYPE]", help="e.g. ContactCreate.")
    ] = None,
    url: Url = None,
    provider: Provider = None,
    scheme: Scheme = None,
    key: Key = None,
    header: Header = None,
    authorized: Authorized = False,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Set a field; JSON, else text."),
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, max=MOST, help="How many.")] = 1,
    sequence: Annotated[
        str | None,
        typer.Option("--sequence", metavar="NAME", help="All that one change fires, in order."),
    ] = None,
    out_of_order: Annotated[
        float, typer.Option("--out-of-order", min=0, max=1, help="Share of neighbours swapped.")
    ] = 0.0,
    replay: Annotated[
        str | None,
        typer.Option("--replay", metavar="FILE", help="Send captured deliveries, signed anew."),
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Show the bytes; send nothing.")] = False,
    seed: Seed = None,
    config: ConfigFile = None,
    form: OutputFormat = Format.TEXT,
    output: Output = "-",
) -> ExitStatus:
    """Send one signed delivery, one after another where more are asked for."""
    from ghlctl.cli.settings import Flags, load_config, settle
    from ghlctl.transport.attempt import Failure
    from ghlctl.transport.reach import Reach

    what = What(event_type, sequence, replay, count, _fields(changes or []), out_of_order)
    flags = Flags(url, provider, scheme, key, None, header, authorized)
    receiver = settle(flags, load_config(config))
    lines, acknowledged = [], True
    failures: list[Failure] = []
    with Reach() as reach:
        for one in _deliveries(what, receiver, seed):
            if show:
                lines.append(_shown(one.delivery, receiver.scheme))
                continue
            answer = reach.send(one.url, one.delivery)
            line = _row if form is Format.JSON else _line
            lines.append(line(one.delivery, answer))
            acknowledged &= getattr(answer, "acknowledged", False)
            failures += [answer] if isinstance(answer, Failure) else []
    emit("\n".join(lines), output)
    if failures:
        raise _no_reply(receiver.url, failures)
    return ExitStatus.FINE if acknowledged else ExitStatus.NOT_MEASURED


@dataclass(frozen=True, slots=True)
class What:
    """What is to be sent: exactly one of event type, sequence and file of captures."""

    event_type: str | None
    sequence: str | None
    replay: str | None
    count: int
    changes: dict[str, object]
    out_of_order: float

    def __post_init__(self) -> None:
        if sum(one is not None for one in (self.event_type, self.sequence, self.replay)) != 1:
            raise UsageError(
                "say what to send: an event type, --sequence NAME or --replay FILE",
                "ghlctl events lists the types, ghlctl events --sequences the sequences",
            )


def _deliveries(what: What, receiver: "Receiver", seed: int | None) -> "Iterator[Addressed]":
    import secrets
    from random import Random

    from ghlctl.cli.deliveries import delivery_of, replays_of, signing_key, source_for, story_of

    signer = signing_key(receiver)
    if what.replay is not None:
        for _ in range(what.count):
            yield from replays_of(receiver, signer, what.replay)
        return
    start = secrets.randbits(32) if seed is None else seed
    source, random = source_for(receiver, start), Random(start)
    for _ in range(what.count):
        if what.sequence is not None:
            share = what.out_of_order
            yield from story_of(
                receiver, signer, what.sequence, source, out_of_order=share, random=random
            )
        else:
            name, fields = what.event_type or "", dict(what.changes)
            yield delivery_of(receiver, signer, name, source, changes=fields)


def _no_reply(url: str, failures: "list[Failure]") -> NotMeasuredError:
    from ghlctl.transport.address import shown_url

    return NotMeasuredError(
        f"the receiver {shown_url(url)} gave no reply to {len(failures)} of what was sent:"
        f" {failures[-1].text}",
        "is it running, and on this port? ghlctl health tells more",
    )


def _fields(changes: list[str]) -> dict[str, object]:
    import json

    fields: dict[str, object] = {}
    for change in changes:
        path, equals, text = change.partition("=")
        if not equals or not path:
            raise UsageError("a field is set as path=value", "--set email=someone@example.com")
        try:
            fields[path] = json.loads(text)
        except json.JSONDecodeError:
            fields[path] = text
    return fields


def _shown(delivery: "Delivery", scheme: str) -> str:
    """As HTTP has it; a header that is the secret itself keeps only its name."""
    from ghlctl.providers.deliver import CONTENT
    from ghlctl.signing.header_secret import HeaderSecret

    shown = {name for name, _ in CONTENT} if scheme == HeaderSecret().name else None
    headers = "\n".join(
        f"{name}: {value if shown is None or name in shown else '[secret]'}"
        for name, value in delivery.headers
    )
    return f"{headers}\n\n{delivery.body.decode('utf-8', 'backslashreplace')}\n"


def _line(delivery: "Delivery", answer: "Answer") -> str:
    from ghlctl.model.delivery import Reply

    if isinstance(answer, Reply):
        return f"{answer.status}  {answer.total_ms:8.1f} ms  {delivery.event_type}  {delivery.id}"
    return f"---  {answer.kind.value}: {answer.text}  {delivery.event_type}  {delivery.id}"


def _row(delivery: "Delivery", answer: "Answer") -> str:
    from ghlctl.model.delivery import Reply

    row: dict[str, object] = {
        "schema_version": 1,
        "delivery": delivery.id,
        "event": delivery.event_type,
    }
    if isinstance(answer, Reply):
        row |= {"status": answer.status, "total_ms": answer.total_ms}
    else:
        row |= {"status": 0, "error": answer.kind.value, "detail": answer.text}
    return as_json(row)
