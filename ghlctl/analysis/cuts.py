"""Where a run is cut into blocks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ghlctl.model.sample import NS_PER_S, Ints


@dataclass(frozen=True, slots=True)
class Cuts:
    """Blocks from `starts_ns` to `ends_ns`, ascending and without overlap.

    `apart`: between them no load was sent, so that what a block began ended by `reach_ns` at the
    latest, the start of the next one.
    """

    starts_ns: Ints
    ends_ns: Ints
    apart: bool = False

    def __len__(self) -> int:
        return len(self.starts_ns)

    @property
    def reach_ns(self) -> Ints:
        if not len(self):
            return self.ends_ns
        return np.append(self.starts_ns[1:], self.ends_ns[-1:])

    def slices(self, ascending_ns: Ints) -> list[slice]:
        """The rows of each block among ascending moments."""
        first = np.searchsorted(ascending_ns, self.starts_ns)
        last = np.searchsorted(ascending_ns, self.ends_ns)
        return [slice(*pair) for pair in zip(first.tolist(), last.tolist(), strict=True)]


def cuts_at(windows: Sequence[tuple[float, float]]) -> Cuts:
    """One block per window, in seconds."""
    edges = np.array([(round(a * NS_PER_S), round(b * NS_PER_S)) for a, b in windows])
    starts, ends = edges.astype(np.int64).reshape(-1, 2).T
    return Cuts(starts, ends, apart=bool(np.any(starts[1:] > ends[:-1])))
