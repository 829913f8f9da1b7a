"""A histogram of nanoseconds with three exact digits, cheap to add to, to send and to ask."""

import zlib
from collections.abc import Iterable
from typing import Self

import numpy as np

from ghlctl.model.sample import Ints

_SHIFT = 42  # of a double's 52 mantissa bits 10 are kept: a bin is 0.1 % wide
_FAST = 1
_BIN_BYTES = 12


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
        gaps = np.diff(bins, prepend=0)
        return zlib.compress(gaps.astype("<u4").tobytes() + counts.astype("<u8").tobytes(), _FAST)

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Raise zlib.error or ValueError for what `pack` did not make."""
        plain = zlib.decompress(packed)
        size, odd = divmod(len(plain), _BIN_BYTES)
        if odd:
            raise ValueError("a packed histogram has whole bins")
        gaps = np.frombuffer(plain, dtype="<u4", count=size)
        counts = np.frombuffer(plain, dtype="<u8", offset=size * 4)
        made = cls()
        made._table = (gaps.cumsum(dtype=np.int64), counts.astype(np.int64))
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
