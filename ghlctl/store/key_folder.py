"""Test keys in a state folder: made, listed, and replaced with a time in which old and new hold.

<scheme>-<name>.key, mode 0600, and <scheme>-<name>.pub; a key that was replaced keeps its files
with `.until-<unix seconds>` before their ends.
"""

import hashlib
import os
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ghlctl.errors import KeyMaterialError, UsageError
from ghlctl.signing.scheme import KeyPair, Scheme

PRIVATE_MODE = 0o600
_FOLDER_MODE = 0o700
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_RETIRED = ".until-"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A test key pair on disk; for HMAC both paths are the same file.

    `until`: unix seconds when a replaced key ceases to hold, None for the current one.
    """

    scheme: str
    name: str
    private: Path
    public: Path
    until: float | None = None

    def holds(self, now: float) -> bool:
        return self.until is None or now < self.until

    def fingerprint(self) -> str:
        """Of the public half; for a shared secret, which has none, of the secret."""
        try:
            return fingerprint(self.public.read_bytes())
        except OSError as fault:
            raise _unreadable(self.public, fault) from None


def fingerprint(text: bytes) -> str:
    """Enough of SHA-256 to tell keys apart, and no way back to any of them."""
    return "SHA256:" + hashlib.sha256(text.strip()).hexdigest()[:32]


def checked_name(scheme: str, name: str) -> str:
    """The key's name among those of all schemes; UsageError for a name that is none."""
    if not _NAME.fullmatch(name):
        raise UsageError("a key's name is up to 64 letters, digits and underscores", "--name test")
    return f"{scheme}-{name}"


@dataclass(frozen=True, slots=True)
class KeyFolder:
    path: Path

    def place(self, scheme: str, name: str) -> StoredKey:
        """Where a key of that name is or would be; raise UsageError for a name that is none."""
        return _stored(self.path / f"{checked_name(scheme, name)}.key", scheme, name, None)

    def save(self, scheme: str, name: str, pair: KeyPair) -> StoredKey:
        """Raise KeyMaterialError rather than overwrite a private key."""
        place = self.place(scheme, name)
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
            write_once(place.private, pair.private)
            if pair.public != pair.private:
                place.private.with_suffix(".pub").write_bytes(pair.public)
        except OSError as fault:
            if place.private.exists():
                raise KeyMaterialError(
                    f"a key of that name exists already: {place.private}",
                    "choose another --name, or replace it with ghlctl keys rotate",
                ) from None
            raise KeyMaterialError(
                f"the key cannot be written: {fault.strerror}: {place.private}",
                "name another state folder with --state",
            ) from None
        return self.place(scheme, name)

    def load_or_make(self, scheme: Scheme, name: str = "test") -> StoredKey:
        """The stored pair, made where there is none: by whoever of several processes is first."""
        place = self.place(scheme.name, name)
        if not place.private.exists():
            try:
                return self.save(scheme.name, name, scheme.generate())
            except KeyMaterialError:
                if not place.private.exists():
                    raise
        return self.place(scheme.name, name)

    def rotate(
        self, scheme: Scheme, name: str, *, overlap_s: float, now: Callable[[], float] = time.time
    ) -> tuple[StoredKey, StoredKey]:
        """The new key and the old one, which holds for `overlap_s` more; old files are kept."""
        old = self.place(scheme.name, name)
        if not old.private.exists():
            raise KeyMaterialError(
                f"there is no key {name} of scheme {scheme.name} to replace",
                f"ghlctl keys generate --scheme {scheme.name} --name {name}",
            )
        pair, until = scheme.generate(), int(now() + overlap_s)
        retired = old.private.with_name(f"{old.private.stem}{_RETIRED}{until}.key")
        if retired.exists():
            raise KeyMaterialError(
                "this key was replaced a moment ago", "wait a second, or choose another --overlap"
            )
        try:
            if old.public != old.private:
                old.public.rename(retired.with_suffix(".pub"))
            old.private.rename(retired)
        except OSError as fault:
            raise _unreadable(old.private, fault) from None
        new = self.save(scheme.name, name, pair)
        return new, _stored(retired, scheme.name, name, float(until))

    def all(self) -> list[StoredKey]:
        """Every stored pair by file name, replaced ones among them."""
        found = []
        for private in sorted(self.path.glob("*.key")):
            stem, retired, until = private.stem.partition(_RETIRED)
            scheme, dash, name = stem.rpartition("-")
            if dash and (not retired or until.isdecimal()):
                found.append(_stored(private, scheme, name, float(until) if retired else None))
        return found

    def trusted(self, scheme: str, name: str, *, now: float) -> list[StoredKey]:
        """The current key, and those that it replaced and that still hold."""
        alike = [key for key in self.all() if (key.scheme, key.name) == (scheme, name)]
        holding = [key for key in alike if key.holds(now)]
        return sorted(holding, key=lambda key: (key.until is not None, -(key.until or 0.0)))


def write_once(path: Path, content: bytes) -> None:
    """The whole file under its name, or FileExistsError; a kill in between leaves no half key."""
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}.unfinished")
    try:
        unfinished.touch(mode=PRIVATE_MODE, exist_ok=False)
        unfinished.write_bytes(content)
        os.link(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _stored(private: Path, scheme: str, name: str, until: float | None) -> StoredKey:
    public = private.with_suffix(".pub")
    return StoredKey(scheme, name, private, public if public.exists() else private, until)


def _unreadable(path: Path, fault: OSError) -> KeyMaterialError:
    return KeyMaterialError(f"the key cannot be read: {fault.strerror}: {path}", "ghlctl keys list")
