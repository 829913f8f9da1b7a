"""ghlctl send: one signed delivery, or some, and what came back."""

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
from ghlctl.errors import ExitStatus, UsageError

if TYPE_CHECKING:
    from ghlctl.model.delivery import Delivery
    from ghlctl.transport.attempt import Answer

MOST = 10_000


def send(
    event_type: Annotated[str, typer.Argument(metavar="TYPE", help="e.g. ContactCreate.")],
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
    show: Annotated[bool, typer.Option("--show", help="Show the bytes; send nothing.")] = False,
    seed: Seed = None,
    config: ConfigFile = None,
    form: OutputFormat = Format.TEXT,
    output: Output = "-",
) -> ExitStatus:
    """Send one signed delivery, one after another where more are asked for."""
    import secrets

    from ghlctl.cli.deliveries import delivery_of, signing_key, source_for
    from ghlctl.cli.settings import Flags, load_config, settle
    from ghlctl.transport.reach import Reach

    flags = Flags(url, provider, scheme, key, None, header, authorized)
    receiver = settle(flags, load_config(config))
    signer, source = signing_key(receiver), source_for(receiver, seed or secrets.randbits(32))
    fields = _fields(changes or [])
    with Reach() as reach:
        lines = []
        acknowledged = True
        for _ in range(count):
            delivery = delivery_of(receiver, signer, event_type, source, changes=dict(fields))
            if show:
                lines.append(_shown(delivery))
                continue
            answer = reach.send(receiver.url, delivery)
            lines.append(_row(delivery, answer) if form is Format.JSON else _line(delivery, answer))
            acknowledged &= getattr(answer, "acknowledged", False)
    emit("\n".join(lines), output)
    return ExitStatus.FINE if acknowledged else ExitStatus.NOT_MEASURED


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


def _shown(delivery: "Delivery") -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in delivery.headers)
    return f"{headers}\n\n{delivery.body.decode()}\n"


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
