"""Samples: every attempt of a load run, as columns, because a run has millions of them."""

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Self

import numpy as np
import numpy.typing as npt

NS_PER_S = 1_000_000_000
NEVER = -1
"""A time that did not come: a dropped arrival was never sent, a timeout has no first byte."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]


class ErrorKind(StrEnum):
    """Why an attempt was no acknowledgement; NONE is an acknowledgement."""

    NONE = ""
    STATUS = "status"  # a reply outside 200-299
    CONNECT = "connect"  # refused, unresolved, unreachable
    TLS = "tls"
    TIMEOUT = "timeout"
    RESET = "reset"  # connection reset while a reply was due
    CLOSED = "closed"  # connection closed before the reply was whole
    PROTOCOL = "protocol"  # what came back is no HTTP
    DROPPED = "dropped"  # the arrival was due and never sent
    UNREPORTED = "unreported"  # it belonged to a worker that was lost: nobody knows


_UNSAID: Ints = np.zeros(0, dtype=np.int64)
_UNNAMED: Texts = np.zeros(0, dtype=np.object_)


@dataclass(frozen=True, slots=True)
class Samples:
    """One row per planned attempt. Times are nanoseconds from the run's monotonic origin.

    `delivery_id`, `event` and `error` hold str; `error` holds values of ErrorKind. A dropped
    arrival is a row too, with NEVER in all but `intended_ns`: nothing disappears silently.

    `retry` counts from 1 where the provider sent again what was not acknowledged, and is 0 in
    every arrival; a retry that was never sent is a row as well. `location` is the tenant, "" where
    a delivery names none. Runs of before there were these two are read with zeros and "".
    """

    delivery_id: Texts
    event: Texts
    intended_ns: Ints
    sent_ns: Ints
    first_byte_ns: Ints
    done_ns: Ints
    status: Ints
    error: Texts
    attempt: Ints
    stage: Ints
    warmup: Flags
    retry: Ints = field(default_factory=lambda: _UNSAID)
    location: Texts = field(default_factory=lambda: _UNNAMED)

    def __post_init__(self) -> None:
        if self.retry is _UNSAID:
            object.__setattr__(self, "retry", np.zeros(len(self), dtype=np.int64))
        if self.location is _UNNAMED:
            object.__setattr__(self, "location", np.full(len(self), "", dtype=np.object_))

    def __len__(self) -> int:
        return len(self.intended_ns)

    def where(self, rows: Flags | npt.NDArray[np.intp]) -> Self:
        """The rows for which a mask holds, or the rows at these positions."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def part(self, first: int) -> Self:
        """The rows from `first` on, sharing their memory with these."""
        return type(self)(**{f.name: getattr(self, f.name)[first:] for f in fields(self)})

    @property
    def arrivals(self) -> Self:
        """Without retries: the attempts that the schedule planned."""
        return self.where(self.retry == 0) if self.retry.any() else self

    @property
    def sent(self) -> Flags:
        return np.not_equal(self.sent_ns, NEVER)

    @property
    def acknowledged(self) -> Flags:
        return np.equal(self.error, ErrorKind.NONE.value).astype(np.bool_)

    @property
    def response_time_ms(self) -> Floats:
        """From the intended time to the end, so that a stalled receiver cannot hide."""
        return (self.done_ns - self.intended_ns) / 1e6

    @property
    def service_time_ms(self) -> Floats:
        return (self.done_ns - self.sent_ns) / 1e6

    @property
    def lateness_ms(self) -> Floats:
        """The generator's own delay."""
        return (self.sent_ns - self.intended_ns) / 1e6
