"""References to keys: where a secret is, in place of the secret itself."""

import stat
from collections.abc import Mapping
from pathlib import Path

from ghlctl.errors import KeyMaterialError, UsageError
from ghlctl.store.keyring_store import read_from_keyring

MOST_BYTES = 1024 * 1024
_HINT = "a key is named as env:NAME, file:PATH or keyring:NAME, never given as text"


def resolve_key(ref: str, environ: Mapping[str, str]) -> bytes:
    """The key's text; the reference itself is all that is ever written down.

    `none` is for schemes that sign nothing.
    """
    kind, _, place = ref.partition(":")
    match kind:
        case "env" if place:
            return _from_environment(place, environ)
        case "file" if place:
            return _from_file(Path(place).expanduser())
        case "keyring" if place:
            return read_from_keyring(place)
        case "none" if not place:
            return b"none"
        case _:
            raise UsageError("a key reference starts with env:, file: or keyring:", _HINT)


def _from_environment(name: str, environ: Mapping[str, str]) -> bytes:
    text = environ.get(name, "")
    if not text.strip():
        raise KeyMaterialError(
            f"the environment variable {name} holds no key", f"export {name}=… or use file:PATH"
        )
    return text.encode()


def _from_file(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a device may never end, a pipe never begin
            raise KeyMaterialError(
                f"the key file is no regular file: {path}", "name a file, or use env:NAME"
            )
        with path.open("rb") as stream:
            text = stream.read(MOST_BYTES + 1)
    except OSError as fault:
        raise KeyMaterialError(
            f"the key file cannot be read: {fault.strerror}: {path}",
            "ghlctl keys generate writes a test key pair",
        ) from None
    if len(text) > MOST_BYTES:
        raise KeyMaterialError(
            f"the key file is larger than {MOST_BYTES} bytes: {path}", "is it the right file"
        )
    if not text.strip():
        raise KeyMaterialError(f"the key file is empty: {path}", "ghlctl keys generate")
    return text
