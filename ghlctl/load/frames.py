"""How finished requests travel from the producer to the wire loop through a pipe."""

import struct
from typing import NamedTuple

_HEAD = struct.Struct("<IHqq36s")  # request's length, segment, tag, offset, id
HEAD_BYTES = _HEAD.size
HELD = 1 << 40
STAGE_BITS, EVENT_BITS = 24, 8

Ready = tuple[int, int, bytes, bytes]
"""What can be sent: ns from the segment's zero (-1 in a closed one), tag, delivery id, request.

A bare tuple: one is made for every request.
"""


class Frame(NamedTuple):
    """A signed request; `offset_ns` from its segment's zero, -1 in a closed segment."""

    segment: int
    tag: int
    offset_ns: int
    delivery_id: bytes
    request: bytes


def tag_of(stage: int, event: int, attempt: int) -> int:
    """Stage, event and attempt as one number, which travels through the wire loop untouched."""
    return stage << STAGE_BITS | event << EVENT_BITS | attempt


def pack(frame: Frame) -> bytes:
    segment, tag, offset_ns, delivery_id, request = frame
    return _HEAD.pack(len(request), segment, tag, offset_ns, delivery_id) + request


def unpack(buffer: bytes) -> tuple[list[Frame], bytes]:
    """The whole frames at the start of `buffer`, and what is left of it."""
    frames, place, size = [], 0, len(buffer)
    while size - place >= HEAD_BYTES:
        length, segment, tag, offset, name = _HEAD.unpack_from(buffer, place)
        begin = place + HEAD_BYTES
        if size < begin + length:
            break
        place = begin + length
        frames.append(Frame(segment, tag, offset, name, buffer[begin:place]))
    return frames, buffer[place:]
