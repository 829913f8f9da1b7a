"""References to keys: where a secret is, in place of the secret itself."""

from collections.abc import Mapping
from pathlib import Path

from ghlctl.errors import KeyMaterialError, UsageError

KEYRING_SERVICE = "ghlctl"
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
        text = path.read_bytes()
    except OSError as fault:
        raise KeyMaterialError(
            f"the key file cannot be read: {fault.strerror}: {path}",
            "ghlctl keys generate writes a test key pair",
        ) from None
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
