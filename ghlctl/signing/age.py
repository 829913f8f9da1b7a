"""How old a signed time is, and how a header writes it."""

import re

from ghlctl.signing.scheme import Rejection

_WHOLE = re.compile(r"[0-9]{1,15}")


def read_time(text: str, ticks_per_s: int = 1) -> float | None:
    """Unix seconds, or None for what is no whole number of ticks in plain digits."""
    return int(text) / ticks_per_s if _WHOLE.fullmatch(text) else None


def judge_age(
    sent_at: float, *, now: float, tolerance: float | None, both_ways: bool = True
) -> Rejection | None:
    """Seconds throughout; `both_ways` refuses a time in the future by the same bound."""
    if tolerance is None:
        return None
    if now - sent_at > tolerance:
        return Rejection.TOO_OLD
    if both_ways and sent_at - now > tolerance:
        return Rejection.TOO_NEW
    return None
