"""A stencil: one finished request, with holes where every delivery differs.

It is made by the same code as any other delivery and then marked, so that a stencil filled with
the values it was made with is that delivery, byte for byte.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from ghlctl.model.trace import HEADER as TRACE_HEADER
from ghlctl.signing.hmac_timestamp import SIGNATURE_HEADER, TIMESTAMP_HEADER

_HEAD = struct.Struct("<IHHIIH")  # request's length, segment, event, location, body's begin, holes
_HOLE = struct.Struct("<BII")
SPARE = 0xFFFF
"""A segment's number that stands for all of them: what there is before anything else."""


class Kind(IntEnum):
    """What belongs into a hole."""

    SIGNATURE = 0
    SECOND = 1
    MOMENT = 2
    NAME = 3
    TRACE = 4


class Hole(NamedTuple):
    kind: Kind
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Stencil:
    """`event` indexes the plan's event types, `location` the run's locations from 1 on.

    `holes` are in the order of the request's bytes; the last of the head is the trace.
    """

    segment: int
    event: int
    request: bytes
    body: int
    location: int
    holes: tuple[Hole, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """The values that a request was made with."""

    signature: str
    second: str
    moment: str
    name: str
    trace: str


def mark(
    request: bytes, marks: Marks, *, segment: int, event: int, location: int = 0
) -> Stencil | None:
    """None where the holes cannot be told from what stands around them."""
    body = request.index(b"\r\n\r\n") + 4
    head = [
        *_header(request[:body], SIGNATURE_HEADER, marks.signature, Kind.SIGNATURE),
        *_header(request[:body], TIMESTAMP_HEADER, marks.second, Kind.SECOND),
        *_header(request[:body], TRACE_HEADER, marks.trace, Kind.TRACE),
    ]
    if [hole.kind for hole in head] != [Kind.SIGNATURE, Kind.SECOND, Kind.TRACE]:
        return None
    head.sort(key=lambda hole: hole.begin)
    if head[-1].kind is not Kind.TRACE:
        return None
    inside = [
        *_last(request, body, marks.moment, Kind.MOMENT),
        *_only(request, body, marks.name, Kind.NAME),
    ]
    if len(inside) != len((Kind.MOMENT, Kind.NAME)):
        return None
    holes = (*head, *sorted(inside, key=lambda hole: hole.begin))
    return Stencil(segment, event, request, body, location, holes)


def _header(head: bytes, name: str, value: str, kind: Kind) -> Iterator[Hole]:
    """Where the header's value stands; nothing where another header of that name does too."""
    line = f"\r\n{name}: {value}\r\n".encode("latin-1")
    at = head.find(line)
    if at >= 0 and head.lower().count(f"\r\n{name}:".lower().encode()) == 1:
        end = at + len(line) - len(b"\r\n")
        yield Hole(kind, end - len(value), end)


def _last(request: bytes, begin: int, text: str, kind: Kind) -> Iterator[Hole]:
    """The delivery's own moment comes last; others are dates of what the event is about."""
    at = request.rfind(text.encode(), begin)
    if at >= 0:
        yield Hole(kind, at, at + len(text))


def _only(request: bytes, begin: int, text: str, kind: Kind) -> Iterator[Hole]:
    if request.count(text.encode(), begin) == 1:
        yield from _last(request, begin, text, kind)


def pack_stencil(stencil: Stencil) -> bytes:
    head = _HEAD.pack(
        len(stencil.request),
        stencil.segment,
        stencil.event,
        stencil.location,
        stencil.body,
        len(stencil.holes),
    )
    return head + b"".join(_HOLE.pack(*hole) for hole in stencil.holes) + stencil.request


def unpack_stencils(buffer: bytes) -> tuple[list[Stencil], bytes]:
    """The whole stencils at the start of `buffer`, and what is left of it."""
    stencils, place, size = [], 0, len(buffer)
    while size - place >= _HEAD.size:
        length, segment, event, location, body, count = _HEAD.unpack_from(buffer, place)
        first = place + _HEAD.size
        request = first + count * _HOLE.size
        if size < request + length:
            break
        holes = tuple(
            Hole(Kind(kind), begin, end)
            for kind, begin, end in _HOLE.iter_unpack(buffer[first:request])
        )
        place = request + length
        stencils.append(Stencil(segment, event, buffer[request:place], body, location, holes))
    return stencils, buffer[place:]
