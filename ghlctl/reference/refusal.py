"""What the receiver says to deliveries that it does not take."""

from dataclasses import dataclass
from enum import StrEnum


class RefusalCode(StrEnum):
    """What is counted, and all that a caller learns where details are hidden."""

    UNAUTHORIZED = "unauthorized"
    FOREIGN = "foreign_tenant"
    STALE = "stale"
    NO_JSON = "malformed"
    WRONG_TYPE = "unprocessable"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    NOT_JSON = "unsupported"
    EXPECTED = "expectation_failed"
    TOO_MANY = "too_many"
    BUSY = "busy"
    STORAGE = "storage"
    UPSTREAM = "upstream"


STATUS = {
    RefusalCode.UNAUTHORIZED: 401,
    RefusalCode.FOREIGN: 401,
    RefusalCode.STALE: 401,
    RefusalCode.NO_JSON: 400,
    RefusalCode.WRONG_TYPE: 422,
    RefusalCode.TOO_LARGE: 413,
    RefusalCode.TOO_SLOW: 408,
    RefusalCode.NOT_JSON: 415,
    RefusalCode.EXPECTED: 417,
    RefusalCode.TOO_MANY: 429,
    # HighLevel has always sent again what was answered 429, and only of late what was answered 5xx.
    RefusalCode.BUSY: 429,
    RefusalCode.STORAGE: 500,
    RefusalCode.UPSTREAM: 502,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """`detail` is for whoever runs the receiver; callers see it only where a profile leaks it.

    `wait_s` is how long a caller that comes too often should wait.
    """

    code: RefusalCode
    detail: str = ""
    wait_s: float = 0.0

    @property
    def status(self) -> int:
        return STATUS[self.code]

    @property
    def told(self) -> RefusalCode:
        """Callers do not learn which tenants there are: a stranger is as unwelcome as a forger."""
        return RefusalCode.UNAUTHORIZED if self.code is RefusalCode.FOREIGN else self.code
