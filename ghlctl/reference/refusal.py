"""What the receiver says to deliveries that it does not take."""

from dataclasses import dataclass
from enum import StrEnum


class RefusalCode(StrEnum):
    """All that a caller learns where details are hidden."""

    UNAUTHORIZED = "unauthorized"
    STALE = "stale"
    NO_JSON = "malformed"
    WRONG_TYPE = "unprocessable"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    BUSY = "busy"
    STORAGE = "storage"
    UPSTREAM = "upstream"


STATUS = {
    RefusalCode.UNAUTHORIZED: 401,
    RefusalCode.STALE: 401,
    RefusalCode.NO_JSON: 400,
    RefusalCode.WRONG_TYPE: 422,
    RefusalCode.TOO_LARGE: 413,
    RefusalCode.TOO_SLOW: 408,
    # HighLevel has always sent again what was answered 429, and only of late what was answered 5xx.
    RefusalCode.BUSY: 429,
    RefusalCode.STORAGE: 500,
    RefusalCode.UPSTREAM: 502,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """`detail` is for whoever runs the receiver; callers see it only where a profile leaks it."""

    code: RefusalCode
    detail: str = ""

    @property
    def status(self) -> int:
        return STATUS[self.code]
