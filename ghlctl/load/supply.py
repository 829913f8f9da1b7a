"""What the wire loop sends, wherever it comes from."""

from collections import deque
from typing import Final, Protocol

from ghlctl.load.frames import Ready
from ghlctl.load.schedule import Segment

AT_ONCE: Final = 16  # sends between two looks at the replies, so that no reply is stamped late


class Supply(Protocol):
    """`frames` holds what can be sent, oldest first; `fd` is readable when more can be taken in.

    `ended`: the producer is gone, and what it made is used up.
    """

    frames: deque[Ready]
    fd: int
    ended: bool

    def hungry(self) -> bool:
        """Whether there is room for more of what comes through the pipe."""
        ...

    def take_in(self) -> None:
        """Read what the pipe holds."""
        ...

    def begin(self, number: int, segment: Segment, base_unix_ns: int) -> None:
        """From here on only deliveries of `segment` are of use."""
        ...

    def due(self) -> None:
        """An open segment has nothing at hand: see to it."""
        ...

    def slots(self, room: int, sent: int) -> None:
        """A closed segment has sent `sent` and has `room` slots that wait."""
        ...

    def end(self) -> None:
        """Nothing more is wanted of this segment."""
        ...
