"""Histograms in the interchange format of HdrHistogram, V2 and compressed, three digits.

Bins are those of HdrHistogram: 2048 of width 1 first, then 1024 for every doubling, each twice as
wide as before. Format: counts as ZigZag LEB128, runs of empty bins as one negative number, behind
a header of the bins' parameters; deflated, behind a header of its own; base64.
"""

import base64
import struct
import zlib
from collections.abc import Iterator
from typing import Final

import numpy as np

from ghlctl.model.sample import Ints

DIGITS: Final = 3
_HALF_BITS = 10  # 2048 bins hold 2 * 10^3 values of one unit
_HALF = 1 << _HALF_BITS
_LOWEST = 1
_USUAL_HIGHEST = 3_600_000_000_000  # an hour in nanoseconds
_COOKIE, _COMPRESSED_COOKIE = 0x1C849303 | 0x10, 0x1C849304 | 0x10
_HEADER = struct.Struct(">iiiiqqd")  # cookie, length, offset, digits, lowest, highest, ratio
_OUTER = struct.Struct(">ii")


def encoded(values: Ints) -> str:
    """The histogram of whole numbers as text; negative ones count as zero."""
    counted = np.maximum(values, 0)
    payload = b"".join(map(_varint, _runs(np.bincount(bins(counted)))))
    highest = max(_USUAL_HIGHEST, int(counted.max(initial=0)))
    header = _HEADER.pack(_COOKIE, len(payload), 0, DIGITS, _LOWEST, highest, 1.0)
    packed = zlib.compress(header + payload)
    return base64.b64encode(_OUTER.pack(_COMPRESSED_COOKIE, len(packed)) + packed).decode()


def bins(values: Ints) -> Ints:
    """The bin of each value of zero or more."""
    _, length = np.frexp((values | (2 * _HALF - 1)).astype(np.float64))
    # A double rounds up where more than 53 bits are set: the shift would then leave the half empty.
    bucket = length.astype(np.int64) - (_HALF_BITS + 1)
    bucket -= (values >> bucket < _HALF) & (bucket > 0)
    return ((bucket + 1) << _HALF_BITS) + (values >> bucket) - _HALF


def _runs(counts: Ints) -> Iterator[int]:
    """Counts as they stand, and runs of zeros as their negative length."""
    place = 0
    for filled in np.flatnonzero(counts).tolist():
        zeros = filled - place
        if zeros:
            yield -zeros if zeros > 1 else 0
        yield int(counts[filled])
        place = filled + 1


def _varint(number: int) -> bytes:
    """ZigZag, then seven bits a byte; counts of a run need no ninth byte."""
    left = number << 1 if number >= 0 else (-number << 1) - 1
    made = bytearray()
    while left > 0x7F:  # noqa: PLR2004 - seven bits
        made.append(left & 0x7F | 0x80)
        left >>= 7
    made.append(left)
    return bytes(made)
