"""ghlctl send: one signed delivery, or some, and what came back."""

from dataclasses import dataclass, replace
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
    Upstream,
    Url,
    VerifyToken,
)
from ghlctl.cli.output import Format, as_json, emit, require_writable
from ghlctl.errors import ExitStatus, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ghlctl.cli.deliveries import Addressed
    from ghlctl.cli.settings import Receiver
    from ghlctl.signing.scheme import SigningKey

MOST = 10_000


def send(
    event_type: Annotated[
        str | None, typer.Argument(metavar="[TYPE]", help="e.g. ContactCreate.")
    ] = None,
    url: Url = None,
    provider: Provider = None,
    scheme: Scheme = None,
    key: Key = None,
    verify_token: VerifyToken = None,
    upstream: Upstream = None,
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
    challenge: Annotated[
        bool,
        typer.Option("--challenge", help="Validate the URL as zoom, meta or slack does."),
    ] = False,
    show: Annotated[bool, typer.Option("--show", help="Show the bytes; send nothing.")] = False,
    seed: Seed = None,
    config: ConfigFile = None,
    form: OutputFormat = Format.TEXT,
    output: Output = "-",
) -> ExitStatus:
    """Send one signed delivery, one after another where more are asked for."""
    from ghlctl.cli.sending import Sender
    from ghlctl.cli.settings import Flags, load_config, settle
    from ghlctl.cli.unsent import shown

    require_writable(output)
    what = What(
        event_type, sequence, replay, challenge, count, _fields(changes or []), out_of_order, seed
    )
    if challenge and (show or upstream is not None):
        raise UsageError(
            "a challenge is put and not shown, and has no effects upstream",
            "leave out --show and --upstream",
        )
    if verify_token is not None and not challenge:
        raise UsageError("--verify-token belongs to Meta's challenge", "add --challenge")
    flags = Flags(url, provider, scheme, key, upstream, header, authorized)
    receiver = settle(flags, load_config(config))
    if challenge:
        return _challenged(receiver, verify_token, form, output)
    # An upstream in the config is for measurements; a single delivery is not kept waiting for it.
    receiver = replace(receiver, upstream=upstream)
    made = _deliveries(what, receiver)
    if show:
        emit(shown(made, receiver.scheme, form), output)
        return ExitStatus.FINE
    return Sender(receiver, form, output, alone=what.alone).send(made)


@dataclass(frozen=True, slots=True)
class What:
    """What is to be sent: exactly one of event type, sequence, file of captures and challenge."""

    event_type: str | None
    sequence: str | None
    replay: str | None
    challenge: bool
    count: int
    changes: dict[str, object]
    out_of_order: float
    seed: int | None

    def __post_init__(self) -> None:
        """An option that would change nothing is a misunderstanding, and is refused."""
        kinds = (self.event_type, self.sequence, self.replay, self.challenge or None)
        if sum(one is not None for one in kinds) != 1:
            raise UsageError(
                "say what to send: an event type, --sequence NAME, --replay FILE or --challenge",
                "ghlctl events lists the types, ghlctl events --sequences the sequences",
            )
        made_here = self.event_type is not None or self.sequence is not None
        for option, said, fits in (
            ("--out-of-order", self.out_of_order > 0, self.sequence is not None),
            ("--set", bool(self.changes), made_here),
            ("--seed", self.seed is not None, made_here),
            ("--count", self.count > 1, not self.challenge),
        ):
            if said and not fits:
                raise UsageError(f"{option} changes nothing in what is sent here", _FITS[option])

    @property
    def alone(self) -> bool:
        return self.count == 1 and self.event_type is not None


_FITS = {
    "--out-of-order": "it swaps neighbours of a --sequence",
    "--set": "it sets fields of an event type or of every event in a --sequence",
    "--seed": "it chooses the people in generated events",
    "--count": "a challenge is put once, rightly and forged",
}


def _deliveries(what: What, receiver: "Receiver") -> "Iterator[Addressed]":
    import secrets
    from random import Random

    from ghlctl.cli.deliveries import delivery_of, replays_of, signing_key, source_for, story_of

    signer = signing_key(receiver)
    if what.replay is not None:
        for _ in range(what.count):
            yield from replays_of(receiver, signer, what.replay)
        return
    start = secrets.randbits(32) if what.seed is None else what.seed
    source, random = source_for(receiver, start), Random(start)
    for _ in range(what.count):
        if what.sequence is None:
            name, fields = what.event_type or "", dict(what.changes)
            yield delivery_of(receiver, signer, name, source, changes=fields)
            continue
        yield from story_of(
            receiver,
            signer,
            what.sequence,
            source,
            out_of_order=what.out_of_order,
            random=random,
            changes=what.changes,
        )


def _challenged(
    receiver: "Receiver", verify_token: str | None, form: Format, output: str
) -> ExitStatus:
    import os
    import time

    from ghlctl.cli.deliveries import token_text
    from ghlctl.cli.health import listed
    from ghlctl.model.finding import Outcome
    from ghlctl.model.health import HealthSummary
    from ghlctl.model.run import SCHEMA_VERSION
    from ghlctl.signing.catalogue import scheme_named
    from ghlctl.signing.challenge import Secrets, challenge_of
    from ghlctl.store.keys import resolve_key
    from ghlctl.transport.challenging import challenge
    from ghlctl.transport.reach import Reach

    scheme = scheme_named(receiver.scheme)
    challenge_of(scheme)
    secret: SigningKey = b""
    if receiver.key_ref is not None:
        secret = scheme.read_signing_key(resolve_key(receiver.key_ref, os.environ))
    known = Secrets(secret if isinstance(secret, bytes) else b"", token_text(verify_token))
    with Reach() as reach:
        asked = challenge(reach, receiver.url, scheme.name, known, now=time.time)
        checks = tuple(asked)
    passed = checks[0].outcome is Outcome.PASS
    summary = HealthSummary(SCHEMA_VERSION, checks, passed)
    emit(as_json(summary) if form is Format.JSON else listed(summary), output)
    return ExitStatus.FINE if passed else ExitStatus.NOT_MEASURED


def _fields(changes: list[str]) -> dict[str, object]:
    import json

    fields: dict[str, object] = {}
    for change in changes:
        path, equals, text = change.partition("=")
        if not equals or not all(path.split(".")):
            raise UsageError("a field is set as path=value", "--set email=someone@example.com")
        try:
            fields[path] = json.loads(text, parse_constant=_no_json)
        except (ValueError, RecursionError):
            fields[path] = text
    return fields


def _no_json(word: str) -> None:
    """NaN and Infinity are Python's, and stand for themselves."""
    raise ValueError(word)
