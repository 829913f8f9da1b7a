"""What is known of something measured, before it is held against a bound."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """A value, or None with `note` saying why there is none; with a value, `note` is a remark.

    Where `low` and `high` are given, every value between them is possible, and a bound holds only
    where all of them keep it. `unclear` says that chance leaves them open, and no gap in what was
    measured. `n` counts what stands behind the value, `n_of` says what it counts.
    """

    value: float | None
    note: str = ""
    n: int | None = None
    n_of: str = ""
    low: float | None = None
    high: float | None = None
    word: str = ""
    unclear: bool = False


def unknown(why: str) -> Known:
    return Known(None, why)
