"""ghlctl events: what a provider sends."""

from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.cli.options import Output, OutputFormat
from ghlctl.cli.output import Format, as_json, emit, filled
from ghlctl.errors import UsageError

if TYPE_CHECKING:
    from ghlctl.providers.provider import Provider

EXAMPLE_SEED = 1


def events(
    event_type: Annotated[
        str | None, typer.Argument(metavar="[TYPE]", help="One event type, in full.")
    ] = None,
    provider: Annotated[str, typer.Option("--provider", help="Who sends.")] = "ghl",
    family: Annotated[
        str | None, typer.Option("--family", help="Only events of this family, e.g. invoice.")
    ] = None,
    sequences: Annotated[
        bool, typer.Option("--sequences", help="List changes that fire several events.")
    ] = False,
    form: OutputFormat = Format.TEXT,
    output: Output = "-",
) -> None:
    """List the event types, or show one with its fields and a generated example."""
    from ghlctl.providers.catalogue import provider_named
    from ghlctl.providers.provider import StorySource

    sender = provider_named(provider)
    if sum((sequences, event_type is not None, family is not None)) > 1:
        raise UsageError(
            "an event type, --family and --sequences are three questions", "ask one at a time"
        )
    if sequences:
        if not isinstance(sender.source(EXAMPLE_SEED, contacts=1, locations=1), StorySource):
            raise UsageError(f"provider {sender.name} has no sequences", "--provider ghl has some")
        emit(_sequences(form), output)
    elif event_type is None:
        emit(_all(sender, family, form), output)
    else:
        emit(_one(sender, event_type, form), output)


def _all(sender: "Provider", family: str | None, form: Format) -> str:
    from ghlctl.model.suggestion import suggestion

    described = {name: sender.describe(name) for name in sender.event_types}
    families = {about.family for about in described.values()}
    if family is not None and family not in families:
        hint = suggestion(family, sorted(families), "families")
        raise UsageError(f"unknown family {family!r}", hint)
    rows = [
        {"type": name, "wire_type": d.wire_type, "family": d.family, "summary": d.summary}
        for name, d in described.items()
        if family in (None, d.family)
    ]
    if form is Format.JSON:
        return as_json({"schema_version": 1, "events": list(rows)})
    return "\n".join(filled(f"{row['type']:<30} ", row["summary"]) for row in rows)


def _one(sender: "Provider", event_type: str, form: Format) -> str:
    import json
    import time
    import uuid

    import msgspec

    from ghlctl.providers.deliver import encode

    about = sender.describe(event_type)
    source = sender.source(EXAMPLE_SEED, contacts=10, locations=1)
    event = source.event(event_type, at=time.time(), delivery_id=str(uuid.uuid4()))
    example = json.loads(encode(event))
    if form is Format.JSON:
        facts = {**msgspec.to_builtins(about), "type": event_type}
        return as_json({**facts, "schema_version": 1, "example": example})
    fields = "\n".join(f"  {field.name:<40} {field.type}" for field in about.fields)
    wire = f"type on the wire: {about.wire_type or 'none'}"
    tenant = f"tenant: {' or '.join(about.tenancy) or 'not said'}"
    note = filled("note: ", about.note) + "\n" if about.note else ""
    body = json.dumps(example, indent=2, ensure_ascii=False)
    head = f"{event_type}  ({about.family})\n{about.summary}\n{wire}\n{tenant}\n{note}"
    return f"{head}\n{fields}\n\n{body}"


def _sequences(form: Format) -> str:
    from ghlctl.providers.ghl.sequences import SEQUENCES

    if form is Format.JSON:
        rows: list[object] = [
            {"sequence": name, "events": list(types)} for name, types in SEQUENCES.items()
        ]
        return as_json({"schema_version": 1, "sequences": rows})
    return "\n".join(filled(f"{name:<18} ", ", ".join(types)) for name, types in SEQUENCES.items())
