"""Prints requests from stencils: a few copies of bytes and one short hash for each delivery."""

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from ghlctl.load.frames import LOCATION_BITS
from ghlctl.load.identity import identities
from ghlctl.load.stencil import SPARE, Kind, Stencil
from ghlctl.signing.hmac_timestamp import beginning
from ghlctl.signing.prepared import PreparedHmac

KEPT: Final = 128  # events per type that are sent again while no fresh ones come


class Plate:
    """A stencil cut for the second that it was last used in."""

    __slots__ = (
        "_start",
        "_stencil",
        "after",
        "before",
        "begun",
        "location",
        "name_first",
        "rest",
        "second",
        "tail",
    )

    def __init__(self, stencil: Stencil) -> None:
        self._stencil = stencil
        request = stencil.request
        one, two = stencil.holes[3:]
        self.location = stencil.location << LOCATION_BITS
        self._start = request[stencil.body : one.begin]
        literal = (request[one.end : two.begin], request[two.end :])
        self.rest = b"".join(b"%b" + text.replace(b"%", b"%%") for text in literal)
        self.name_first = one.kind is Kind.NAME
        self.second = ""
        self.before = self.after = self.tail = b""
        self.begun: Any = None

    def cut(self, second: str, prepared: PreparedHmac) -> None:
        """Fill in what is the same for every request of this second."""
        request, body = self._stencil.request, self._stencil.body
        one, two, trace = self._stencil.holes[:3]
        cuts = (
            request[: one.begin],
            request[one.end : two.begin],
            request[two.end : trace.begin],
        )
        if one.kind is Kind.SIGNATURE:
            self.before = cuts[0]
            self.after = cuts[1] + second.encode() + cuts[2]
        else:
            self.before = cuts[0] + second.encode() + cuts[1]
            self.after = cuts[2]
        self.tail = request[trace.end : body] + self._start
        self.begun = prepared.begin(beginning(second, self._start))
        self.second = second


class Press:
    """Fresh stencils are used first, in their order; then the latest ones again, in turn."""

    def __init__(self, prepared: PreparedHmac, moment: Callable[[float], str], types: int) -> None:
        self.stock = 0
        self.location = 0
        self._fresh: list[deque[Plate]] = [deque() for _ in range(types)]
        self._kept: list[deque[Plate]] = [deque(maxlen=KEPT) for _ in range(types)]
        self._finish = prepared.finish
        self._prepared = prepared
        self._moment = moment
        self._ids = identities()
        self._since_ns = self._until_ns = 0
        self._text = b""
        self._whole = -1
        self._second = ""

    def add(self, stencil: Stencil) -> None:
        plate = Plate(stencil)
        if stencil.segment == SPARE:
            self._kept[stencil.event].append(plate)
        else:
            self._fresh[stencil.event].append(plate)
            self.stock += 1

    def forget_fresh(self) -> None:
        """What is left of a segment that has ended is none of the next one's content."""
        for plates in self._fresh:
            plates.clear()
        self.stock = 0

    def make(self, event: int, unix_ns: int) -> tuple[bytes, bytes] | None:
        """A delivery's id, and its request as signed at `unix_ns`; None while there is no event.

        `location` is then that of the delivery, as a tag holds it.
        """
        kept = self._kept[event]
        if self.stock and self._fresh[event]:
            plate = self._fresh[event].popleft()
            self.stock -= 1
        elif kept:
            plate = kept.popleft()
        else:
            return None
        kept.append(plate)
        if not self._since_ns <= unix_ns < self._until_ns:
            self._tick(unix_ns // 1_000_000)
        if plate.second is not self._second:
            plate.cut(self._second, self._prepared)
        self.location = plate.location
        name, trace = next(self._ids)
        values = (name, self._text) if plate.name_first else (self._text, name)
        rest = plate.rest % values
        signature = self._finish(plate.begun, rest)
        parts = (plate.before, signature, plate.after, trace, plate.tail, rest)
        return name, b"".join(parts)

    def _tick(self, millisecond: int) -> None:
        self._since_ns = millisecond * 1_000_000
        self._until_ns = self._since_ns + 1_000_000
        self._text = self._moment(millisecond / 1000).encode()
        if millisecond // 1000 != self._whole:
            self._whole = millisecond // 1000
            self._second = str(self._whole)
