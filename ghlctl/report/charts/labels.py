"""Labels beside the ends of lines, moved apart where they would cover each other."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a label would like to stand, and how much room it takes downwards."""

    place: float
    room: float


def spread(anchors: Sequence[Anchor], top: float, bottom: float) -> list[float]:
    """Places in the order given, none overlapping, inside `top` to `bottom` while room lasts."""
    order = sorted(range(len(anchors)), key=lambda index: anchors[index].place)
    places = [0.0] * len(anchors)
    free = top
    for index in order:
        places[index] = max(anchors[index].place, free)
        free = places[index] + anchors[index].room
    limit = bottom
    for index in reversed(order):
        places[index] = min(places[index], max(limit - anchors[index].room, top))
        limit = places[index]
    return places
