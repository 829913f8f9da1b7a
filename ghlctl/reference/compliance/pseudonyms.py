"""Names under which people appear in records: the same each time, and of no use without the key."""

import hashlib
import hmac
import os
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ghlctl.errors import KeyMaterialError, UsageError

KEY_FILE = "compliance.key"
LEAST_BYTES = 16
DIGITS = 32  # 128 bits


@dataclass(frozen=True, slots=True)
class ComplianceKey:
    """One secret, from which that of the pseudonyms and that of the audit log are derived."""

    secret: bytes = field(repr=False)

    @property
    def chain(self) -> bytes:
        return _derived(self.secret, b"audit log")

    @property
    def pseudonyms(self) -> bytes:
        return _derived(self.secret, b"pseudonyms")


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Receivers that share a database must share the key, or each has its own names."""

    key: bytes = field(repr=False)

    def contact(self, location_id: str, contact_id: str) -> str:
        return self._name("contact", f"{location_id}/{contact_id}")

    def email(self, address: str) -> str:
        """The same for all spellings that differ in case and in space around them."""
        return self._name("email", address.strip().casefold())

    def phone(self, number: str) -> str:
        """The same for all spellings of its digits."""
        return self._name("phone", "".join(filter(str.isdigit, number)))

    def network(self, address: str) -> str:
        return self._name("network", address)

    def _name(self, kind: str, value: str) -> str:
        text = f"{kind}\0{value}".encode(errors="surrogatepass")
        return hmac.digest(self.key, text, "sha256").hex()[:DIGITS]


def key_from(text: bytes) -> ComplianceKey:
    """Raise KeyMaterialError for a text that could be guessed."""
    secret = text.strip()
    if len(secret) < LEAST_BYTES:
        raise KeyMaterialError(
            f"the compliance key is shorter than {LEAST_BYTES} bytes", "openssl rand -hex 32"
        )
    return ComplianceKey(hashlib.sha256(secret).digest())


def key_in(folder: Path) -> ComplianceKey:
    """The key in a state folder, made on first use; of processes that race, all read one.

    Raise UsageError where it cannot be kept.
    """
    path = folder / KEY_FILE
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _make(path)
        return key_from(path.read_bytes())
    except OSError as error:
        raise UsageError(
            f"the compliance key cannot be kept in the state folder: {error.strerror}",
            "name another folder with --state, or a key with --compliance-key",
        ) from None


def _make(path: Path) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # of mode 0600
    draft = Path(name)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # unlike a rename it never replaces the key of another
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return hmac.digest(secret, b"ghlctl " + purpose, "sha256")
