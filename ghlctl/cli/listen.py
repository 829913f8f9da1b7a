"""ghlctl listen: capture deliveries, show them masked, and pass them on."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from ghlctl.cli.options import Authorized, Key, VerifyToken
from ghlctl.cli.output import Format, emit, say
from ghlctl.errors import UsageError

if TYPE_CHECKING:
    from ghlctl.transport.capture import Captured
    from ghlctl.transport.listening import Challenged

PRIVATE_MODE = 0o600
SHOWN = 300
MOST_TYPE = 60


def listen(
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")
    ] = 8702,
    forward: Annotated[
        str | None, typer.Option("--forward", metavar="URL", help="Pass every delivery on to it.")
    ] = None,
    out: Annotated[
        str, typer.Option("--out", metavar="FILE", help="Lines are added to it.")
    ] = "captured.jsonl",
    show_personal: Annotated[
        bool, typer.Option("--show-personal", help="Mask nothing in what is printed.")
    ] = False,
    scheme: Annotated[
        str | None,
        typer.Option("--scheme", help="Answer this provider's challenge: zoom, meta or slack."),
    ] = None,
    key: Key = None,
    verify_token: VerifyToken = None,
    authorized: Authorized = False,
    form: Annotated[
        Format, typer.Option("--format", help="How it says where it listens.")
    ] = Format.TEXT,
    exit_with_parent: Annotated[bool, typer.Option("--exit-with-parent", hidden=True)] = False,
) -> None:
    """Capture deliveries until it is interrupted: one JSON line each, the body as it came."""
    from ghlctl.cli.processes import die_with_parent
    from ghlctl.transport.address import require_authorised
    from ghlctl.transport.listening import Onward, make_listener
    from ghlctl.transport.serving import listen as listening_on
    from ghlctl.transport.serving import serve

    if exit_with_parent:
        die_with_parent()
    if out == "-":
        raise UsageError(
            "captured deliveries hold personal data and go to a file, not to the screen",
            "--out FILE; what is printed is masked unless --show-personal",
        )
    if forward is not None:
        require_authorised(forward, authorized)
    challenged = _challenged(scheme, key, verify_token)
    with listening_on(host, port, "the listener") as socket, _opened(out) as lines:

        def announce(listening: int) -> None:
            url = f"http://{host}:{listening}"
            facts = {"url": url, "out": out, "forward": forward, "pid": os.getpid()}
            text = f"listening  {url}\ncapturing  {out}" + (
                f"\nforwarding {forward}" if forward else ""
            )
            emit(json.dumps(facts) if form is Format.JSON else text)

        app = make_listener(
            _keeper(lines, personal=show_personal),
            Onward(forward) if forward else None,
            challenged,
        )
        serve(app, socket, announce, timeout_graceful_shutdown=5)


def _challenged(
    scheme: str | None, key: str | None, verify_token: str | None
) -> "Challenged | None":
    from ghlctl.cli.deliveries import token_text
    from ghlctl.signing.catalogue import scheme_named
    from ghlctl.signing.challenge import Secrets, challenge_of
    from ghlctl.store.keys import resolve_key
    from ghlctl.transport.listening import Challenged

    if scheme is None:
        if key or verify_token:
            raise UsageError("--key answers a provider's challenge", "add --scheme zoom")
        return None
    signer = scheme_named(scheme)
    kind = challenge_of(signer)
    if kind.needs_token:
        if verify_token is None:
            raise UsageError("Meta's challenge carries a verify token", "--verify-token env:NAME")
        return Challenged(kind, Secrets(b"", token_text(verify_token)))
    if key is None:
        raise UsageError(
            f"the challenge of {scheme} is answered with its secret", "--key env:NAME or file:PATH"
        )
    secret = signer.read_signing_key(resolve_key(key, os.environ))
    return Challenged(kind, Secrets(secret if isinstance(secret, bytes) else b""))


def _opened(out: str) -> BinaryIO:
    """For adding to it; readable by its owner alone, for bodies and secrets are in it."""
    try:
        descriptor = os.open(Path(out), os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_MODE)
    except OSError as fault:
        raise UsageError(f"cannot write {out}: {fault.strerror}", "--out FILE") from None
    return os.fdopen(descriptor, "ab", buffering=0)


def _keeper(lines: BinaryIO, *, personal: bool) -> "Callable[[Captured], None]":
    from ghlctl.transport.capture import line_of

    def keep(one: "Captured") -> None:
        lines.write(line_of(one) + b"\n")
        for line in _told(one, personal=personal):
            say(line)

    return keep


def _told(one: "Captured", *, personal: bool) -> list[str]:
    """What came and what the receiver said, fit for a screen."""
    from ghlctl.transport.address import shown_url
    from ghlctl.transport.capture import raw_body
    from ghlctl.transport.replay import event_type_of

    raw = one.raw()
    clock = time.strftime("%H:%M:%S", time.localtime(one.at))
    event = _text(event_type_of(raw).encode("utf-8", "replace"), personal=personal)[:MOST_TYPE]
    lines = [f"{clock}  {one.method} {_inert(shown_url(one.url))}  {event}  {len(raw)} bytes"]
    lines.append(f"  in   {_text(raw, personal=personal)}")
    reply = one.forwarded
    if reply is not None and reply.error:
        lines.append(f"  out  no reply: {_inert(reply.error)}")
    elif reply is not None:
        answer = _text(raw_body(reply.body, reply.body_base64), personal=personal)
        lines.append(f"  out  {reply.status} in {reply.total_ms:.1f} ms  {answer}")
    return lines


def _text(raw: bytes, *, personal: bool) -> str:
    """One line, cut short; control characters cannot reach the terminal."""
    from ghlctl.transport.masking import masked

    whole = raw.decode("utf-8", "backslashreplace") if personal else masked(raw)
    seen = _inert(whole)
    return seen if len(seen) <= SHOWN else seen[:SHOWN] + "…"


def _inert(text: str) -> str:
    """Without anything that a terminal could obey."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)
