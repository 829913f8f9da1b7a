"""What a person probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def closest(written: str, known: Iterable[str]) -> str:
    """The closest known name in any case, or "" where none is close."""
    by_folded = {name.casefold(): name for name in known}
    found = get_close_matches(written.casefold(), by_folded, n=1)
    return by_folded[found[0]] if found else ""


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """A hint that names the closest known name, or "" where none is close."""
    found = closest(written, known)
    return f"did you mean {found!r}?" if found else ""


def suggestion(written: str, known: Iterable[str], kind: str) -> str:
    """The closest known name, or else all of them; `kind` is their plural."""
    names = tuple(known)
    return did_you_mean(written, names) or f"known {kind}: {', '.join(names)}"
