"""A histogram of nanoseconds with three exact digits, cheap to add to, to send and to ask."""

import struct
import zlib
from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ghlctl.model.sample import Ints

_SHIFT = 42  # of a double's 52 mantissa bits 10 are kept: a bin is 0.1 % wide
_FAST = 1
_HEAD = struct.Struct("<IIBB")  # how many bins, the first, bytes of a gap to the next, of a count
_WIDTHS = ("<u1", "<u2", "<u4", "<u8")


class Histogram:
    """Log-linear bins by the leading bits of the values; negative values count as zero.

    One thread adds; any other may ask at the same time.
    """

    def __init__(self) -> None:
        nothing = np.zeros(0, dtype=np.int64)
        self._table: tuple[Ints, Ints] = (nothing, nothing)

    def add(self, values_ns: Ints) -> None:
        keys = np.maximum(values_ns, 0).astype(np.float64).view(np.int64) >> _SHIFT
        self._add_counts(*np.unique(keys, return_counts=True))

    def absorb(self, other: Self) -> None:
        """Add all values of another one, exactly."""
        self._add_counts(*other._table)

    def _add_counts(self, fresh_bins: Ints, fresh_counts: Ints) -> None:
        old_bins, old_counts = self._table
        bins, place = np.unique(np.concatenate([old_bins, fresh_bins]), return_inverse=True)
        weights = np.concatenate([old_counts, fresh_counts])
        self._table = (bins, np.bincount(place, weights=weights).astype(np.int64))

    def pack(self) -> bytes:
        """A few KB that `unpack` makes the same histogram of."""
        bins, counts = self._table
        first = int(bins[0]) if len(bins) else 0
        gaps, sizes = _narrow(np.diff(bins)), _narrow(counts)
        head = _HEAD.pack(len(bins), first, gaps.itemsize, sizes.itemsize)
        return head + zlib.compress(gaps.tobytes() + sizes.tobytes(), _FAST)

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Raise struct.error, zlib.error or ValueError for what `pack` did not make."""
        size, first, *widths = _HEAD.unpack_from(packed)
        plain = zlib.decompress(packed[_HEAD.size :])
        made = cls()
        if size:
            between = (size - 1) * widths[0]
            gaps = np.frombuffer(plain[:between], dtype=f"<u{widths[0]}")
            counts = np.frombuffer(plain[between:], dtype=f"<u{widths[1]}")
            bins = np.concatenate([[first], gaps]).astype(np.int64).cumsum()
            made._table = (bins, counts.astype(np.int64))
        return made

    @classmethod
    def merged(cls, parts: Iterable[Self]) -> Self:
        """The histogram of all values of all parts, exactly."""
        tables = [part._table for part in parts if len(part)]  # noqa: SLF001 - of its own kind
        made = cls()
        if tables:
            every = np.zeros(max(int(bins[-1]) for bins, _ in tables) + 1, dtype=np.int64)
            for bins, counts in tables:
                every[bins] += counts
            bins = np.flatnonzero(every).astype(np.int64)
            made._table = (bins, every[bins])
        return made

    def __len__(self) -> int:
        return int(self._table[1].sum())

    def quantile_ms(self, q: float) -> float | None:
        """The value that a share `q` of all is at most, in ms; None without values."""
        bins, counts = self._table
        if not len(bins):
            return None
        place = int(np.searchsorted(counts.cumsum(), q * counts.sum()))
        edge = bins[min(place, len(bins) - 1) :][:1] << _SHIFT
        return float(edge.view(np.float64)[0]) / 1e6


def _narrow(values: Ints) -> npt.NDArray[np.unsignedinteger[Any]]:
    """The same numbers in as few bytes as the largest needs."""
    most = int(values.max(initial=0))
    width = next(width for width in _WIDTHS if most <= np.iinfo(width).max)
    return values.astype(width)
