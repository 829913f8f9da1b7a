"""What a contact's history says: how much, how recently, when, and which segment that makes."""

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ghlctl.reference.population import HISTORY_H, KINDS, SUBJECTS

ACTIVE_H = 7 * 24
QUIET_H = 30 * 24
ENGAGED_U = 12_000_000  # twelve activities of this moment, or 24 of a week ago


class Segment(StrEnum):
    ENGAGED = "engaged"
    ACTIVE = "active"
    QUIET = "quiet"
    DORMANT = "dormant"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`counts` per kind of activity; `recency_h` hours since the last; `affinity_u` millionths."""

    counts: tuple[int, ...]
    recency_h: int
    affinity_u: int
    favourite_hour: int
    segment: Segment


def subject_of(contact_id: str) -> int:
    """Which of the generated histories is this contact's."""
    digest = hashlib.blake2b(contact_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % SUBJECTS


_COLUMNS = "SELECT kind, hour, count(*), min(age_h), sum(weight_u) FROM activity"
_GROUPED = "WHERE subject = ? GROUP BY kind, hour"
BY_SCAN = f"{_COLUMNS} NOT INDEXED {_GROUPED}"
BY_INDEX = f"{_COLUMNS} INDEXED BY activity_by_subject {_GROUPED}"


def analyse(connection: sqlite3.Connection, query: str, contact_id: str) -> Behaviour:
    """One contact's behaviour; `query` is BY_SCAN or BY_INDEX and changes the cost only."""
    return _summed(connection.execute(query, (subject_of(contact_id),)).fetchall())


def _summed(groups: Sequence[tuple[int, int, int, int, int]]) -> Behaviour:
    counts, by_hour = [0] * KINDS, [0] * 24
    recency, affinity = HISTORY_H, 0
    for kind, hour, number, youngest, weight in groups:
        counts[kind] += number
        by_hour[hour] += weight
        affinity += weight
        recency = min(recency, youngest)
    hour = max(range(24), key=lambda h: (by_hour[h], -h))
    return Behaviour(tuple(counts), recency, affinity, hour, _segment(recency, affinity))


def _segment(recency_h: int, affinity_u: int) -> Segment:
    if recency_h > QUIET_H:
        return Segment.DORMANT
    if affinity_u >= ENGAGED_U:
        return Segment.ENGAGED
    return Segment.ACTIVE if recency_h <= ACTIVE_H else Segment.QUIET
