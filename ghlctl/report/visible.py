"""Text from receivers, fit for a place in a report: on one line, cut, or as a label."""

import re
import unicodedata

from ghlctl.model.visible import visible

LABEL_LIMIT = 60
TEXT_LIMIT = 600
BODY_LIMIT = 4_000

_BREAKS = re.compile(r"[\n\t ]+")


def one_line(text: str, limit: int = TEXT_LIMIT) -> str:
    """Visible text on one line, cut to `limit` characters."""
    return flat(text, limit).strip()


def flat(text: str, limit: int) -> str:
    """As `one_line`, with the spaces at both ends kept."""
    return _BREAKS.sub(" ", visible(cut(text, limit)))


def label(text: str) -> str:
    """A name short enough for a heading or a line of a chart; never empty."""
    return shorten(one_line(text), LABEL_LIMIT) or "(no name)"


def cut(text: str, limit: int) -> str:
    """The first `limit` characters and how many more there were."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit:,} more characters)"


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, an ellipsis in place of the rest."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def width(text: str) -> int:
    """Columns on a terminal: wide East Asian characters take two, combining marks none."""
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
