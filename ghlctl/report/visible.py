"""Text from receivers is hostile: what a terminal or browser would obey is made visible here."""

import re
import unicodedata

LABEL_LIMIT = 60
TEXT_LIMIT = 600
BODY_LIMIT = 4_000

_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and newline, DEL, C1
    "\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"  # unseen, bidi
    "\ud800-\udfff\ufffe\uffff\U000e0000-\U000e007f]"  # no characters at all, and tags
)
_BREAKS = re.compile(r"[\n\t ]+")


def visible(text: str) -> str:
    """Control, direction and unseen characters as signs; newlines and tabs stay."""
    return _OBEYED.sub(lambda found: _sign(ord(found.group())), text)


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


def _sign(code: int) -> str:
    if code < 0x20:  # noqa: PLR2004 - Unicode's control pictures repeat C0 from U+2400
        return chr(0x2400 + code)
    if code == 0x7F:  # noqa: PLR2004 - DEL's picture stands apart
        return "\u2421"
    return f"⟨U+{code:04X}⟩"
