"""ghlctl compliance: the receiver's record of what it did, and what it keeps of a person."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ghlctl.cli.options import Output, OutputFormat
from ghlctl.cli.output import Format, as_json, emit, require_writable
from ghlctl.errors import ExitStatus, NotMeasuredError, UsageError

if TYPE_CHECKING:
    from ghlctl.reference.compliance.chain import Head, Verified

app = typer.Typer(
    no_args_is_help=True, help="The receiver's audit log, and what it keeps of a person."
)

KeyRef = Annotated[
    str | None,
    typer.Option("--key", metavar="REF", help="The compliance key; else the one in --state."),
]
State = Annotated[str, typer.Option("--state", metavar="DIR", help="The receiver's state folder.")]


@app.command("verify")
def verify(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE…]", help="Oldest first; else the one in --state."),
    ] = None,
    key: KeyRef = None,
    state: State = ".ghlctl",
    head: Annotated[
        str | None,
        typer.Option("--head", metavar="N:HASH", help="A head kept from before: is it in there?"),
    ] = None,
    form: OutputFormat = Format.TEXT,
    output: Output = "-",
) -> ExitStatus:
    """Follow an audit log from record to record; 1 if any was altered, removed or put in."""
    from ghlctl.reference.compliance.chain import verify as follow
    from ghlctl.reference.compliance.settings import AUDIT_LOG, stored_key

    require_writable(output)
    named = files or [Path(state) / AUDIT_LOG]
    secret = stored_key(key, Path(state))
    kept = None if head is None else _head(head)
    try:
        with _lines(named) as lines:
            verified = follow(lines, None if secret is None else secret.chain, kept)
    except OSError as error:
        raise UsageError(
            f"the audit log cannot be read: {error.strerror}: {error.filename}",
            "name its file, or the receiver's folder with --state",
        ) from None
    if not verified.records and not verified.problem:
        raise NotMeasuredError("the audit log holds no record", "is it the right file?")
    said = _report(verified, named, keyed=secret is not None)
    emit(as_json(said) if form is Format.JSON else _text(verified, secret is not None), output)
    return ExitStatus.FAILED if verified.problem else ExitStatus.FINE


@app.command("export")
def export(
    contact: Annotated[
        str | None, typer.Option("--contact", metavar="ID", help="The person's contact id.")
    ] = None,
    email: Annotated[
        str | None, typer.Option("--email", metavar="ADDRESS", help="The person's address.")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option("--database", metavar="URL", help="As of serve; else the one in --state."),
    ] = None,
    cache: Annotated[
        str | None, typer.Option("--cache", metavar="URL", help="The Redis, as of serve.")
    ] = None,
    audit_log: Annotated[
        str | None, typer.Option("--audit-log", metavar="FILE", help="As of serve.")
    ] = None,
    key: KeyRef = None,
    state: State = ".ghlctl",
    output: Output = "-",
) -> ExitStatus:
    """Write as JSON all that a receiver keeps of one person; it may be running."""
    import time

    from ghlctl.cli.serve import resolved
    from ghlctl.reference.compliance.person import Person, everything_about
    from ghlctl.reference.compliance.places import Places
    from ghlctl.reference.compliance.settings import AUDIT_LOG, stored_key

    if not contact and not email:
        raise UsageError("nobody is named", "add --contact ID or --email ADDRESS")
    require_writable(output)
    places = Places(
        database=resolved(database),
        cache=resolved(cache),
        state=Path(state),
        audit_log=Path(audit_log) if audit_log else Path(state) / AUDIT_LOG,
        key=stored_key(key, Path(state)),
    )
    found = everything_about(Person(contact or "", email or ""), places, time.time())
    emit(as_json(found), output)
    return ExitStatus.FINE


@contextmanager
def _lines(files: Sequence[Path]) -> Iterator[Iterator[bytes]]:
    with ExitStack() as opened:
        yield chain.from_iterable([opened.enter_context(file.open("rb")) for file in files])


def _head(text: str) -> "Head":
    from ghlctl.reference.compliance.chain import Head

    count, _, digest = text.partition(":")
    if not (count.isascii() and count.isdigit() and len(digest) == 64):  # noqa: PLR2004 - SHA-256 in hex
        raise UsageError(f"{text!r} is no head of an audit log", "it is what verify printed before")
    return Head(int(count[:18]), digest.lower())


def _report(verified: "Verified", files: Sequence[Path], *, keyed: bool) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "files": [str(file) for file in files],
        "first": verified.first,
        "records": verified.records,
        "head": str(verified.head),
        "marks_checked": keyed,
        "kept_head_found": verified.kept_found,
        "torn_and_mended": list(verified.mended),
        "torn_at_end_bytes": verified.torn_bytes,
        "problem": verified.problem,
        "pass": verified.problem is None,
    }


def _text(verified: "Verified", keyed: bool) -> str:
    lines = [f"{verified.records} records, head {verified.head}"]
    if verified.first > 1:
        lines.append(f"begins with record {verified.first}: name the older file before it")
    lines += [f"torn by a crash and named by the next record: {place}" for place in verified.mended]
    if verified.torn_bytes and not verified.problem:
        lines.append(f"torn at its end: {verified.torn_bytes} bytes, which the receiver will name")
    if not keyed:
        lines.append("without the key nobody can tell who wrote it: add --key or --state")
    if verified.kept_found is None:
        lines.append("whether its end was cut off shows against a head kept from before: --head")
    said = "it holds" if verified.problem is None else f"it does not hold: {verified.problem}"
    return "\n".join([*lines, said])
