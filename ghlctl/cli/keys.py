"""ghlctl keys: test signing keys in the state folder."""

from pathlib import Path
from typing import Annotated

import typer

from ghlctl.cli.options import Output, OutputFormat
from ghlctl.cli.output import Format, as_json, emit

app = typer.Typer(no_args_is_help=True, help="Test signing keys, per scheme.")

State = Annotated[str, typer.Option("--state", metavar="DIR", help="The state folder.")]
Name = Annotated[str, typer.Option("--name", help="The key's name.")]
SchemeName = Annotated[str, typer.Option("--scheme", help="The scheme the key is for.")]
STATE = ".ghlctl"


@app.command("generate")
def generate(
    scheme: SchemeName = "ghl", name: Name = "test", state: State = STATE, output: Output = "-"
) -> None:
    """Write a new key pair; the private file is readable by its owner alone."""
    from ghlctl.signing.catalogue import scheme_named
    from ghlctl.store.keys import KeyFolder

    stored = KeyFolder(_folder(state)).save(scheme, name, scheme_named(scheme).generate())
    emit(f"sign with    --scheme {scheme} --key file:{stored.private}", output)
    if stored.public != stored.private:
        emit(f"verify with  --scheme {scheme} --key file:{stored.public}", output)


@app.command("list")
def list_keys(state: State = STATE, form: OutputFormat = Format.TEXT, output: Output = "-") -> None:
    """Name the stored keys; no key is ever shown."""
    from ghlctl.store.keys import KeyFolder

    stored = KeyFolder(_folder(state)).all()
    if form is Format.JSON:
        rows: list[object] = [
            {"scheme": key.scheme, "name": key.name, "private": str(key.private)} for key in stored
        ]
        emit(as_json({"schema_version": 1, "keys": rows}), output)
        return
    lines = [f"{key.scheme:<16} {key.name:<12} file:{key.private}" for key in stored]
    emit("\n".join(lines) or f"no keys in {_folder(state)}", output)


@app.command("public")
def public(
    scheme: SchemeName = "ghl", name: Name = "test", state: State = STATE, output: Output = "-"
) -> None:
    """Print the public half, for the receiver's configuration."""
    from ghlctl.errors import KeyMaterialError
    from ghlctl.store.keys import KeyFolder

    stored = KeyFolder(_folder(state)).place(scheme, name)
    if not stored.public.exists():
        raise KeyMaterialError(
            f"scheme {scheme} has no public key of that name here",
            "a shared secret has no public half; ghlctl keys list shows what there is",
        )
    emit(stored.public.read_text(), output)


def _folder(state: str) -> Path:
    return Path(state) / "keys"
