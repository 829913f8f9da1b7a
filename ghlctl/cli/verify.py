"""ghlctl verify: does the signature of a captured delivery hold, and if not, why not."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.cli.options import ConfigFile, Output, OutputFormat, Provider, Scheme
from ghlctl.cli.output import Format, as_json, emit, filled
from ghlctl.errors import ExitStatus, GhlctlError, UsageError

if TYPE_CHECKING:
    from ghlctl.scenario.config import Config
    from ghlctl.signing.scheme import Scheme as SigningScheme
    from ghlctl.signing.subject import Explanation, Named
    from ghlctl.transport.capture import Captured

NO_TOLERANCE = "none"


def verify(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Captured delivery or deliveries.")],
    scheme: Scheme = None,
    provider: Provider = None,
    key: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="REF", help="A key that is trusted; repeatable."),
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", help="The URL that the sender was given.")
    ] = None,
    method: Annotated[str | None, typer.Option("--method", help="The request's method.")] = None,
    tolerance: Annotated[
        str | None,
        typer.Option("--tolerance", metavar="TIME", help="How old it may be; none for any age."),
    ] = None,
    now: Annotated[
        bool, typer.Option("--now", help="Judge its age now, not when it was captured.")
    ] = False,
    state: Annotated[
        str, typer.Option("--state", metavar="DIR", help="Where test keys are.")
    ] = ".ghlctl",
    config: ConfigFile = None,
    form: OutputFormat = Format.TEXT,
    output: Output = "-",
) -> ExitStatus:
    """Say whether signatures hold, and name the cause that can be proven where they do not."""
    import time

    from ghlctl.cli.settings import load_config
    from ghlctl.transport.capture import read_any

    settings = load_config(config)
    signer = _scheme(scheme, provider, settings)
    trusted, others = _keys(signer, key, settings, Path(state))
    bound = _tolerance_s(tolerance, signer)
    at = time.time()
    found = [
        _explained(one, signer, trusted, others, url, method, at if now else one.at, bound)
        for one in read_any(Path(file), at=at)
    ]
    if not found:
        raise UsageError(f"{file} holds no delivery", "ghlctl listen --out FILE captures some")
    emit(_shown(found, signer, form), output)
    return ExitStatus.FINE if all(one.rejection is None for one in found) else ExitStatus.FAILED


def _scheme(scheme: str | None, provider: str | None, config: "Config") -> "SigningScheme":
    from ghlctl.providers.catalogue import provider_named
    from ghlctl.signing.catalogue import scheme_named

    sender = provider_named(provider or config.receiver.provider)
    signer = scheme_named(scheme or config.receiver.scheme or sender.default_scheme)
    if not signer.headers:
        raise UsageError(
            f"scheme {signer.name} signs nothing, so there is nothing to verify",
            "--scheme NAME; ghlctl keys schemes lists them",
        )
    return signer


def _keys(
    scheme: "SigningScheme", refs: list[str] | None, config: "Config", state: Path
) -> tuple[list["Named"], list["Named"]]:
    """The keys that are trusted, and others that a delivery may have been signed for."""
    import os
    import time

    from ghlctl.cli.keys import folder_of
    from ghlctl.signing.highlevel_keys import PUBLISHED
    from ghlctl.signing.subject import Named
    from ghlctl.store.key_folder import KeyFolder
    from ghlctl.store.keys import resolve_key

    said = refs or ([config.receiver.key] if config.receiver.key else [])
    named = [(ref, resolve_key(ref, os.environ)) for ref in said]
    trusted = [Named(ref, text, scheme.read_verifying_key(text), text) for ref, text in named]
    known: list[tuple[str, bytes, bytes | None]] = [
        (f"file:{key.public}", key.public.read_bytes(), key.private.read_bytes())
        for key in KeyFolder(folder_of(str(state))).all()
        if key.scheme == scheme.name and key.holds(time.time())
    ]
    if scheme.name in PUBLISHED:
        known.append(("HighLevel's published key", PUBLISHED[scheme.name], None))
    others = _readable(scheme, known)
    if trusted:
        return trusted, others
    if not others:
        raise UsageError(
            "there is no key to verify with", "--key env:NAME or file:PATH; repeatable"
        )
    return others, []


def _readable(
    scheme: "SigningScheme", known: list[tuple[str, bytes, bytes | None]]
) -> list["Named"]:
    from ghlctl.signing.subject import Named

    found = []
    for name, text, signing in known:
        try:
            found.append(Named(name, text, scheme.read_verifying_key(text), signing))
        except GhlctlError:
            continue  # a stored file that is no key is nobody's cause
    return found


def _tolerance_s(text: str | None, scheme: "SigningScheme") -> float | None:
    from ghlctl.scenario.units import duration_s

    if text is None:
        return scheme.tolerance_s
    return None if text in (NO_TOLERANCE, "0") else duration_s(text)


def _explained(
    one: "Captured",
    scheme: "SigningScheme",
    trusted: list["Named"],
    others: list["Named"],
    url: str | None,
    method: str | None,
    now: float,
    tolerance: float | None,
) -> "Explanation":
    from ghlctl.signing.catalogue import SCHEMES
    from ghlctl.signing.explanation import explain
    from ghlctl.signing.scheme import Request
    from ghlctl.signing.subject import Subject

    request = Request(method or one.method, url or one.url)
    subject = Subject(one.raw(), one.headers, request)
    return explain(
        subject, scheme, trusted, others=others, schemes=SCHEMES, now=now, tolerance=tolerance
    )


def _shown(found: list["Explanation"], scheme: "SigningScheme", form: Format) -> str:
    if form is Format.JSON:
        rows: list[object] = [
            {
                "holds": one.rejection is None,
                "rejection": one.rejection,
                "cause": one.cause,
                "proven": one.proven,
                "text": one.text,
                "hint": one.hint,
            }
            for one in found
        ]
        passed = all(one.rejection is None for one in found)
        return as_json(
            {"schema_version": 1, "scheme": scheme.name, "deliveries": rows, "pass": passed}
        )
    return "\n".join(_line(number, one, len(found)) for number, one in enumerate(found, 1))


def _line(number: int, one: "Explanation", count: int) -> str:
    where = f"{number}: " if count > 1 else ""
    if one.rejection is None:
        return f"{where}holds: {one.text}"
    doubt = "" if one.proven else " (not proven)"
    hint = "\n" + filled("  hint: ", one.hint) if one.hint else ""
    return f"{where}does not hold: {one.cause}{doubt}\n{filled('  ', one.text)}{hint}"
