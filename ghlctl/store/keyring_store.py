"""Keys in the operating system's own store, where the optional part for it is installed."""

from types import ModuleType

from ghlctl.errors import KeyMaterialError
from ghlctl.signing.scheme import KeyPair

SERVICE = "ghlctl"
PUBLIC_END = ".pub"
_OTHERWISE = "is it unlocked? env:NAME and file:PATH need none"


def read_from_keyring(name: str) -> bytes:
    """Raise KeyMaterialError where there is none of that name, or no keyring."""
    text = _held(_keyring(), name)
    if not text or not text.strip():
        raise KeyMaterialError(
            f"the keyring holds no key {name} for {SERVICE}",
            f"ghlctl keys generate --keyring writes one, or: keyring set {SERVICE} {name}",
        )
    return text.encode()


def save_in_keyring(name: str, pair: KeyPair) -> None:
    """Both halves, the public one under `name`.pub; never over another key."""
    keyring = _keyring()
    if _held(keyring, name):
        raise KeyMaterialError(
            f"the keyring holds a key {name} already", f"--name, or: keyring del {SERVICE} {name}"
        )
    halves = {name: pair.private} | (
        {name + PUBLIC_END: pair.public} if pair.public != pair.private else {}
    )
    try:
        for each, text in halves.items():
            keyring.set_password(SERVICE, each, text.decode("ascii"))
    except keyring.errors.KeyringError as fault:
        raise KeyMaterialError(
            f"the operating system's keyring cannot be written: {type(fault).__name__}", _OTHERWISE
        ) from None


def _held(keyring: ModuleType, name: str) -> str:
    try:
        return keyring.get_password(SERVICE, name) or ""
    except keyring.errors.KeyringError as fault:
        raise KeyMaterialError(
            f"the operating system's keyring cannot be read: {type(fault).__name__}", _OTHERWISE
        ) from None


def _keyring() -> ModuleType:
    try:
        import keyring  # noqa: PLC0415 - an optional part
        import keyring.errors  # noqa: PLC0415 - as above
    except ImportError:
        raise KeyMaterialError(
            "keys in the operating system's keyring need the optional part keyring",
            "pip install 'ghlctl[keyring]', or use env:NAME or file:PATH",
        ) from None
    return keyring
