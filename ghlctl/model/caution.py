"""A reason to doubt a number; it travels with the number."""

import msgspec


class Caution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`code` is stable and searchable, `text` says what was seen, `hint` what to do about it."""

    code: str
    text: str
    hint: str = ""
