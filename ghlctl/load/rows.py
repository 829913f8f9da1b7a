"""A row for every attempt: packed by the wire loop, read back as columns by the scribe."""

import struct
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from ghlctl.load.frames import (
    EVENT_BITS,
    HELD,
    LOCATION_BITS,
    LOCATION_MASK,
    RETRY_BITS,
    RETRY_MASK,
    STAGE_BITS,
    WARMUP,
)
from ghlctl.model.sample import ErrorKind, Flags, Ints

KINDS: Final = tuple(ErrorKind)
CODE: Final = {kind: number for number, kind in enumerate(KINDS)}
ROW_FORMAT: Final = "<qqqqqq36s"
ROW_BYTES: Final = struct.calcsize(ROW_FORMAT)
ERROR_BITS: Final = 8
DROPPED: Final = CODE[ErrorKind.DROPPED]
_TIMES: Final = ("intended", "sent", "first_byte", "done")
_ROW: Final = np.dtype([(name, "<i8") for name in (*_TIMES, "tag", "result")] + [("id", "S36")])
_LOW, _WORD = 0xFF, 0xFFFF


@dataclass(frozen=True, slots=True)
class Rows:
    """What the wire loop packed, as columns; times as the monotonic clock said them."""

    intended: Ints
    sent: Ints
    first_byte: Ints
    done: Ints
    status: Ints
    error: Ints
    stage: Ints
    event: Ints
    attempt: Ints
    held: Flags
    retry: Ints
    location: Ints
    warmup: Flags
    ids: npt.NDArray[np.bytes_]

    def __len__(self) -> int:
        return len(self.intended)

    def where(self, rows: Flags) -> "Rows":
        return Rows(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})


def columns(chunk: bytes) -> Rows:
    """Whole rows of ROW_FORMAT, one after another."""
    rows = np.frombuffer(chunk, dtype=_ROW)
    tag, result = np.ascontiguousarray(rows["tag"]), np.ascontiguousarray(rows["result"])
    intended, sent, first_byte, done = (np.ascontiguousarray(rows[name]) for name in _TIMES)
    return Rows(
        intended=intended,
        sent=sent,
        first_byte=first_byte,
        done=done,
        status=result >> ERROR_BITS,
        error=result & _LOW,
        stage=tag >> STAGE_BITS & _WORD,
        event=tag >> EVENT_BITS & _WORD,
        attempt=tag & _LOW,
        held=(tag & HELD).astype(np.bool_),
        retry=tag >> RETRY_BITS & RETRY_MASK,
        location=tag >> LOCATION_BITS & LOCATION_MASK,
        warmup=(tag & WARMUP).astype(np.bool_),
        ids=np.ascontiguousarray(rows["id"]),
    )
