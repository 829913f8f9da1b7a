"""Keys: references to secrets, and test key pairs in a state folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ghlctl.errors import KeyMaterialError, UsageError
from ghlctl.signing.scheme import KeyPair, Scheme

PRIVATE_MODE = 0o600
_HINT = "a key is named as env:NAME or file:PATH, never given as text"


def resolve_key(ref: str, environ: Mapping[str, str]) -> bytes:
    """The key's text; the reference itself is all that is ever written down."""
    kind, _, place = ref.partition(":")
    match kind:
        case "env" if place:
            return _from_environment(place, environ)
        case "file" if place:
            return _from_file(Path(place).expanduser())
        case _:
            raise UsageError("a key reference starts with env: or file:", _HINT)


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


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A test key pair on disk; for HMAC both paths are the same file."""

    scheme: str
    name: str
    private: Path
    public: Path


@dataclass(frozen=True, slots=True)
class KeyFolder:
    """Test keys of a state folder: <scheme>-<name>.key, mode 0600, and <scheme>-<name>.pub."""

    path: Path

    def place(self, scheme: str, name: str) -> StoredKey:
        private = self.path / f"{scheme}-{name}.key"
        public = private.with_suffix(".pub")
        return StoredKey(scheme, name, private, public)

    def save(self, scheme: str, name: str, pair: KeyPair) -> StoredKey:
        """Raise KeyMaterialError rather than overwrite a private key."""
        stored = self.place(scheme, name)
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            stored.private.touch(mode=PRIVATE_MODE, exist_ok=False)
        except FileExistsError:
            raise KeyMaterialError(
                f"a key of that name exists already: {stored.private}", "choose another --name"
            ) from None
        stored.private.write_bytes(pair.private)
        if pair.public == pair.private:
            return StoredKey(scheme, name, stored.private, stored.private)
        stored.public.write_bytes(pair.public)
        return stored

    def load_or_make(self, scheme: Scheme, name: str = "test") -> StoredKey:
        stored = self.place(scheme.name, name)
        if not stored.private.exists():
            return self.save(scheme.name, name, scheme.generate())
        public = stored.public if stored.public.exists() else stored.private
        return StoredKey(scheme.name, name, stored.private, public)

    def all(self) -> list[StoredKey]:
        """Every stored pair, by file name."""
        found = []
        for private in sorted(self.path.glob("*.key")):
            public = private.with_suffix(".pub")
            scheme, _, name = private.stem.rpartition("-")
            found.append(StoredKey(scheme, name, private, public if public.exists() else private))
        return found
