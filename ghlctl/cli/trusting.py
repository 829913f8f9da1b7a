"""Which keys ghlctl serve trusts, and how their places are looked at again."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ghlctl.reference.trust import KeySource, KeyText
    from ghlctl.signing.scheme import Scheme

TEST_KEY = "test"


@dataclass(frozen=True, slots=True)
class Trusted:
    """`signing_ref` names the key to sign with; `texts` are those that hold now, best first."""

    signing_ref: str
    texts: "Sequence[KeyText]"
    source: "KeySource"


def trusted_at(ref: str, *, overlap_s: float) -> Trusted:
    """The key that `ref` names. Raise KeyMaterialError or UsageError where there is none."""
    from ghlctl.reference.trust import KeySource, KeyText
    from ghlctl.store.keys import resolve_key

    def read() -> "list[KeyText]":
        return [KeyText(resolve_key(ref, os.environ))]

    kind, _, place = ref.partition(":")
    stamp = _stamps(lambda: [Path(place).expanduser()] if kind == "file" else [])
    return Trusted(ref, read(), KeySource(read, stamp, overlap_s))


def trusted_in(folder: Path, scheme: "Scheme") -> Trusted:
    """The folder's test key, made where there is none, and those that it replaced and that hold."""
    from ghlctl.reference.trust import KeySource, KeyText
    from ghlctl.store.key_folder import KeyFolder

    keys = KeyFolder(folder)
    stored = keys.load_or_make(scheme, TEST_KEY)

    def read() -> "list[KeyText]":
        holding = keys.trusted(scheme.name, stored.name, now=time.time())
        return [KeyText(_text(one.public), one.until) for one in holding]

    source = KeySource(read, _stamps(lambda: sorted(folder.glob(f"{scheme.name}-*"))))
    return Trusted(f"file:{stored.private.resolve()}", read(), source)


def _text(path: Path) -> bytes:
    from ghlctl.store.keys import resolve_key

    return resolve_key(f"file:{path}", {})


def _stamps(paths: Callable[[], list[Path]]) -> Callable[[], object]:
    def stamp() -> object:
        facts = [(str(path), path.stat()) for path in paths()]
        return [(name, one.st_mtime_ns, one.st_ino, one.st_size) for name, one in facts]

    return stamp
