"""How finished requests travel from the producer to the wire loop through a pipe."""

import struct
from typing import NamedTuple

_HEAD = struct.Struct("<IHqq36s")  # request's length, segment, tag, offset, id
HEAD_BYTES = _HEAD.size
HELD = 1 << 40
STAGE_BITS, EVENT_BITS, ATTEMPT_MASK = 24, 8, 0xFF
RETRY_BITS, RETRY_MASK = 41, 0xF
LOCATION_BITS, LOCATION_MASK = 45, 0x1FFFF
WARMUP = 1 << 62
"""A retry belongs to the warm-up where its arrival did, whenever it is due."""

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


def tag_of(stage: int, event: int, attempt: int, location: int = 0) -> int:
    """What a row says of its delivery, as one number that travels through the wire loop.

    `location` counts from 1 in the run's locations; 0 is none.
    """
    return location << LOCATION_BITS | stage << STAGE_BITS | event << EVENT_BITS | attempt


def retry_tag(tag: int) -> int:
    """The tag of the next attempt at the same delivery."""
    return (tag & ~HELD) + (1 << RETRY_BITS) + 1


def retry_of(tag: int) -> int:
    """The number of the retry, 0 for an arrival."""
    return tag >> RETRY_BITS & RETRY_MASK


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
