"""Text from receivers is hostile: what a terminal or a page could obey is made visible."""

import unicodedata

_KEPT = "\n\t"
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_PICTURES = 0x2400  # Unicode's pictures of the control characters, in their order
_DELETE, _DELETE_PICTURE = 0x7F, "\u2421"


def visible(text: str) -> str:
    """Control, direction and unseen characters as plain signs; newlines and tabs stay."""
    if text.isprintable():
        return text
    return "".join(char if _harmless(char) else _sign(ord(char)) for char in text)


def _harmless(char: str) -> bool:
    return char in _KEPT or unicodedata.category(char) not in _UNSEEN


def _sign(code: int) -> str:
    if code < ord(" "):
        return chr(_PICTURES + code)
    return _DELETE_PICTURE if code == _DELETE else f"⟨U+{code:04X}⟩"
