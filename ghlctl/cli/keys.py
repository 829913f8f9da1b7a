"""ghlctl keys: test signing keys in the state folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.cli.options import Output, OutputFormat
from ghlctl.cli.output import Format, as_json, emit, filled

if TYPE_CHECKING:
    from ghlctl.signing.scheme import Scheme
    from ghlctl.store.key_folder import StoredKey

app = typer.Typer(no_args_is_help=True, help="Test signing keys, per scheme.")

State = Annotated[str, typer.Option("--state", metavar="DIR", help="The state folder.")]
Name = Annotated[str, typer.Option("--name", help="The key's name.")]
SchemeName = Annotated[str, typer.Option("--scheme", help="The scheme the key is for.")]
STATE = ".ghlctl"


@app.command("generate")
def generate(
    scheme: SchemeName = "ghl",
    name: Name = "test",
    keyring: Annotated[
        bool, typer.Option("--keyring", help="Keep it in the operating system's keyring instead.")
    ] = False,
    state: State = STATE,
    output: Output = "-",
) -> None:
    """Write a new key pair; the private file is readable by its owner alone."""
    from ghlctl.signing.catalogue import scheme_named
    from ghlctl.store.key_folder import KeyFolder

    signer = scheme_named(scheme)
    if keyring:
        lines = _into_keyring(signer, name)
    else:
        lines = _how_to_use(KeyFolder(folder_of(state)).save(scheme, name, signer.generate()))
    emit("\n".join([*lines, filled("note:        ", signer.weakness)]), output)


def _into_keyring(signer: "Scheme", name: str) -> list[str]:
    """What to do with the new key, and its public half, which no file holds."""
    from ghlctl.store.key_folder import checked_name, fingerprint
    from ghlctl.store.keyring_store import save_in_keyring

    called, pair = checked_name(signer.name, name), signer.generate()
    save_in_keyring(called, pair)
    lines = [f"sign with    --scheme {signer.name} --key keyring:{called}"]
    if pair.public != pair.private:
        lines.append(f"verify with  --scheme {signer.name} --key keyring:{called}.pub")
    shown = [pair.public.decode().strip()] if pair.public != pair.private else []
    return [*lines, f"fingerprint  {fingerprint(pair.public)}", *shown]


@app.command("list")
def list_keys(state: State = STATE, form: OutputFormat = Format.TEXT, output: Output = "-") -> None:
    """Name the stored keys with their fingerprints; no key is ever shown."""
    import time

    from ghlctl.store.key_folder import KeyFolder

    stored, now = KeyFolder(folder_of(state)).all(), time.time()
    if form is Format.JSON:
        emit(as_json({"schema_version": 1, "keys": [_row(key, now) for key in stored]}), output)
        return
    lines = [_line(key, now) for key in stored]
    emit("\n".join(lines) or f"no keys in {folder_of(state)}", output)


@app.command("rotate")
def rotate(
    scheme: SchemeName = "ghl",
    name: Name = "test",
    overlap: Annotated[
        str, typer.Option("--overlap", metavar="TIME", help="How long the old key still holds.")
    ] = "7d",
    state: State = STATE,
    output: Output = "-",
) -> None:
    """Replace a key; for a time the old one holds beside the new one."""
    from ghlctl.signing.catalogue import scheme_named
    from ghlctl.store.key_folder import KeyFolder

    folder = KeyFolder(folder_of(state))
    new, old = folder.rotate(scheme_named(scheme), name, overlap_s=_overlap_s(overlap))
    lines = [
        *_how_to_use(new),
        f"old key      {old.fingerprint()}",
        f"holds until  {_instant(old.until or 0)}",
        "trust both in the receiver until then: ghlctl keys public --all",
    ]
    emit("\n".join(lines), output)


@app.command("public")
def public(
    scheme: SchemeName = "ghl",
    name: Name = "test",
    everything: Annotated[
        bool, typer.Option("--all", help="Those that were replaced and still hold, too.")
    ] = False,
    published: Annotated[
        bool, typer.Option("--published", help="HighLevel's own key, for production.")
    ] = False,
    state: State = STATE,
    output: Output = "-",
) -> None:
    """Print the public half, for the receiver's configuration."""
    import time

    from ghlctl.errors import KeyMaterialError
    from ghlctl.store.key_folder import KeyFolder

    if published:
        emit(_published(scheme), output)
        return
    folder = KeyFolder(folder_of(state))
    holding = folder.trusted(scheme, name, now=time.time()) if everything else []
    shown = [key for key in holding or [folder.place(scheme, name)] if key.public != key.private]
    if not shown:
        raise KeyMaterialError(
            f"scheme {scheme} has no public key of that name here",
            "a shared secret has no public half; ghlctl keys list shows what there is",
        )
    emit("\n".join(key.public.read_text().strip() for key in shown), output)


@app.command("schemes")
def schemes(form: OutputFormat = Format.TEXT, output: Output = "-") -> None:
    """Every way of signing: what it covers, how old it may be, and where it is weak."""
    from ghlctl.signing.catalogue import SCHEMES

    if form is Format.JSON:
        rows: list[object] = [_scheme_row(scheme) for scheme in SCHEMES.values()]
        emit(as_json({"schema_version": 1, "schemes": rows}), output)
        return
    emit("\n".join(_scheme_lines(scheme) for scheme in SCHEMES.values()), output)


def folder_of(state: str) -> Path:
    return Path(state) / "keys"


def _published(scheme: str) -> str:
    from ghlctl.errors import UsageError
    from ghlctl.signing.highlevel_keys import PUBLISHED

    if scheme not in PUBLISHED:
        raise UsageError(
            f"no key is published for scheme {scheme}", f"--scheme {' or '.join(PUBLISHED)}"
        )
    return PUBLISHED[scheme].decode()


def _how_to_use(stored: "StoredKey") -> list[str]:
    lines = [f"sign with    --scheme {stored.scheme} --key file:{stored.private}"]
    if stored.public != stored.private:
        lines.append(f"verify with  --scheme {stored.scheme} --key file:{stored.public}")
    return [*lines, f"fingerprint  {stored.fingerprint()}"]


def _line(key: "StoredKey", now: float) -> str:
    state = ""
    if key.until is not None:
        state = f"\n  {'holds until' if key.holds(now) else 'expired'} {_instant(key.until)}"
    return f"{key.scheme:<16} {key.name:<10} {key.fingerprint()}{state}\n  file:{key.private}"


def _row(key: "StoredKey", now: float) -> dict[str, object]:
    return {
        "scheme": key.scheme,
        "name": key.name,
        "fingerprint": key.fingerprint(),
        "private": str(key.private),
        "holds": key.holds(now),
        "until": None if key.until is None else _instant(key.until),
    }


def _scheme_row(scheme: "Scheme") -> dict[str, object]:
    return {
        "scheme": scheme.name,
        "headers": list(scheme.headers),
        "covers": list(scheme.covers),
        "tolerance_s": scheme.tolerance_s,
        "weakness": scheme.weakness,
    }


def _scheme_lines(scheme: "Scheme") -> str:
    covered = ", ".join(scheme.covers) or "nothing"
    age = "" if scheme.tolerance_s is None else f", for {scheme.tolerance_s:g} s"
    head = f"{scheme.name:<16} covers {covered}{age}"
    return f"{head}\n{filled(' ' * 17, scheme.weakness)}"


def _overlap_s(text: str) -> float:
    from ghlctl.scenario.units import duration_s

    days = text.removesuffix("d")
    if days != text and days.isascii() and days.isdigit():
        return int(days[:6]) * 86_400.0
    return duration_s(text)


def _instant(at: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
