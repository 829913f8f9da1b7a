"""One worker as the master knows it."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ghlctl.load.clocks import SAME_CLOCK, Offset, RoundTrip
from ghlctl.load.exchange import Ended, Fit, Hello, Report
from ghlctl.load.messages import Refused
from ghlctl.model.caution import Caution

_NAMED = 3
Process = subprocess.Popen[bytes]


@dataclass(slots=True)
class Member:
    """`folder` gets its samples; `process` where the master started it; times are monotonic ns.

    `gone` is why nothing more comes from it.
    """

    client_id: str
    index: int
    hello: Hello
    folder: Path
    heard_ns: int
    process: Process | None = None
    fit: Fit | None = None
    refused: Refused | None = None
    offset: Offset = SAME_CLOCK
    apart_ns: int = 0
    wall_ns: int = 0
    trips: list[RoundTrip] = field(default_factory=list)
    reached: dict[int, int] = field(default_factory=dict)
    report: Report | None = None
    ended: Ended | None = None
    gone: str = ""

    @property
    def name(self) -> str:
        return f"worker {self.index} (pid {self.hello.pid} on {self.hello.host})"

    @property
    def busy(self) -> bool:
        """Whether more is to be expected of it."""
        return self.ended is None and not self.gone

    @property
    def lost(self) -> bool:
        """Whether it ended before its share did."""
        return bool(self.gone) or (self.ended is not None and self.ended.left)


def said_together(said: Sequence[tuple[Member, Caution]]) -> list[Caution]:
    """Cautions of single workers, each code once, with who said it."""
    by_code: dict[str, list[tuple[Member, Caution]]] = {}
    for member, caution in said:
        by_code.setdefault(caution.code, []).append((member, caution))
    return [_one_of(of_code) for of_code in by_code.values()]


def _one_of(said: list[tuple[Member, Caution]]) -> Caution:
    (first, caution), *more = said
    others = [f"{member.index}" for member, _ in more[:_NAMED]]
    rest = len(more) - len(others)
    also = f"; also worker {', '.join(others)}" if others else ""
    also += f" and {rest} more" if rest else ""
    return Caution(caution.code, f"{first.name}: {caution.text}{also}", caution.hint)
