"""ghlctl events: what a provider sends."""

from typing import Annotated

import typer

from ghlctl.cli.options import Output, OutputFormat
from ghlctl.cli.output import Format, as_json, emit

EXAMPLE_SEED = 1


def events(
    event_type: Annotated[
        str | None, typer.Argument(metavar="[TYPE]", help="One event type, in full.")
    ] = None,
    provider: Annotated[str, typer.Option("--provider", help="Who sends.")] = "ghl",
    form: OutputFormat = Format.TEXT,
    output: Output = "-",
) -> None:
    """List the event types, or show one with its fields and a generated example."""
    from ghlctl.providers.catalogue import provider_named

    sender = provider_named(provider)
    if event_type is None:
        described = [sender.describe(name) for name in sender.event_types]
        rows = [{"type": d.wire_type, "family": d.family, "summary": d.summary} for d in described]
        if form is Format.JSON:
            emit(as_json({"schema_version": 1, "events": list(rows)}), output)
            return
        lines = [f"{row['type']:<28} {row['summary']}" for row in rows]
        emit("\n".join(lines), output)
        return
    emit(_one(provider, event_type, form), output)


def _one(provider: str, event_type: str, form: Format) -> str:
    import json
    import time
    import uuid

    import msgspec

    from ghlctl.providers.catalogue import provider_named
    from ghlctl.providers.deliver import encode

    sender = provider_named(provider)
    about = sender.describe(event_type)
    source = sender.source(EXAMPLE_SEED, contacts=10, locations=1)
    event = source.event(event_type, at=time.time(), delivery_id=str(uuid.uuid4()))
    example = json.loads(encode(event))
    if form is Format.JSON:
        return as_json({**msgspec.to_builtins(about), "schema_version": 1, "example": example})
    fields = "\n".join(f"  {field.name:<40} {field.type}" for field in about.fields)
    note = f"\nnote: {about.note}\n" if about.note else ""
    body = json.dumps(example, indent=2, ensure_ascii=False)
    return f"{about.wire_type}  ({about.family})\n{about.summary}\n{note}\n{fields}\n\n{body}"
