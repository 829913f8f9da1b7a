"""How finished requests travel from the producer to the wire loop through a pipe."""

import struct
from typing import NamedTuple

ID_BYTES = 36
_HEAD = struct.Struct("<IHHHBq36s")  # request's length, segment, stage, event, attempt, offset, id
HEAD_BYTES = _HEAD.size


class Frame(NamedTuple):
    """A signed request; `offset_ns` from its segment's zero, -1 in a closed segment."""

    segment: int
    stage: int
    event: int
    attempt: int
    offset_ns: int
    delivery_id: str
    request: bytes


def pack(frame: Frame) -> bytes:
    segment, stage, event, attempt, offset_ns, delivery_id, request = frame
    head = _HEAD.pack(len(request), segment, stage, event, attempt, offset_ns, delivery_id.encode())
    return head + request


def unpack(buffer: bytes) -> tuple[list[Frame], bytes]:
    """The whole frames at the start of `buffer`, and what is left of it."""
    frames, place, size = [], 0, len(buffer)
    while size - place >= HEAD_BYTES:
        length, segment, stage, event, attempt, offset, name = _HEAD.unpack_from(buffer, place)
        begin = place + HEAD_BYTES
        if size < begin + length:
            break
        place = begin + length
        request = buffer[begin:place]
        frames.append(Frame(segment, stage, event, attempt, offset, name.decode(), request))
    return frames, buffer[place:]
