"""ghlctl sign: the headers of a signed delivery with a given body, for curl and the like."""

import sys
import time
import uuid
from pathlib import Path
from typing import Annotated

import typer

from ghlctl.cli.options import ConfigFile, Key, Output, OutputFormat, Provider, Scheme
from ghlctl.cli.output import Format, as_json, emit
from ghlctl.errors import UsageError

MOST_BYTES = 64 * 1024 * 1024
STDIN = "-"


def sign(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The body's bytes; - is stdin.")],
    scheme: Scheme = None,
    key: Key = None,
    provider: Provider = None,
    url: Annotated[
        str | None, typer.Option("--url", help="Where it goes, for schemes that sign it.")
    ] = None,
    method: Annotated[str, typer.Option("--method", help="For schemes that sign it.")] = "POST",
    delivery_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="The delivery's id, else a new one.")
    ] = None,
    age: Annotated[
        str | None, typer.Option("--age", metavar="TIME", help="Sign as of so long ago: 10m.")
    ] = None,
    config: ConfigFile = None,
    form: OutputFormat = Format.TEXT,
    output: Output = "-",
) -> None:
    """Print the headers that a body is delivered with: ghlctl sign FILE | curl -H @- …."""
    from ghlctl.cli.deliveries import signing_key
    from ghlctl.cli.settings import Flags, load_config, settle
    from ghlctl.providers.deliver import CONTENT
    from ghlctl.scenario.units import duration_s
    from ghlctl.signing.catalogue import scheme_named
    from ghlctl.signing.scheme import Request

    body = _body(file)
    settings = load_config(config)
    where = url or settings.receiver.url or "http://127.0.0.1/"
    receiver = settle(Flags(where, provider, scheme, key, authorized=True), settings)
    signer = scheme_named(receiver.scheme)
    if signer.headers and not signer.covers:
        raise UsageError(
            f"scheme {signer.name} sends its secret itself, which is never printed",
            "ghlctl send delivers with it",
        )
    headers = signer.sign(
        body,
        signing_key(receiver),
        at=time.time() - (duration_s(age) if age else 0.0),
        delivery_id=delivery_id or str(uuid.uuid4()),
        request=Request(method, where),
    )
    pairs = (*CONTENT, *headers)
    if form is Format.JSON:
        emit(as_json({"schema_version": 1, "headers": [list(pair) for pair in pairs]}), output)
        return
    emit("\n".join(f"{name}: {value}" for name, value in pairs), output)


def _body(file: str) -> bytes:
    try:
        if file == STDIN:
            body = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(file).open("rb") as stream:
                body = stream.read(MOST_BYTES + 1)
    except OSError as fault:
        raise UsageError(f"cannot read {file}: {fault.strerror}", "name the body's file") from None
    if len(body) > MOST_BYTES:
        raise UsageError(f"{file} is larger than {MOST_BYTES} bytes", "is it the right file")
    return body
