"""References to keys: where a secret is, in place of the secret itself."""

import stat
from collections.abc import Mapping
from pathlib import Path

from ghlctl.errors import KeyMaterialError, UsageError

KEYRING_SERVICE = "ghlctl"
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
            return _from_keyring(place)
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


def _from_keyring(name: str) -> bytes:
    """From the operating system's store, where the optional part for it is installed."""
    try:
        import keyring  # noqa: PLC0415 - an optional part
        import keyring.errors  # noqa: PLC0415 - as above
    except ImportError:
        raise KeyMaterialError(
            "key references keyring:NAME need the optional part keyring",
            "pip install 'ghlctl[keyring]', or use env:NAME or file:PATH",
        ) from None
    try:
        text = keyring.get_password(KEYRING_SERVICE, name)
    except keyring.errors.KeyringError as fault:
        raise KeyMaterialError(
            f"the operating system's keyring cannot be read: {type(fault).__name__}",
            "is it unlocked? env:NAME and file:PATH need none",
        ) from None
    if not text or not text.strip():
        raise KeyMaterialError(
            f"the keyring holds no key {name} for {KEYRING_SERVICE}",
            f"keyring set {KEYRING_SERVICE} {name}",
        )
    return text.encode()
