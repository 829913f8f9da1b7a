"""The five listings that suit a contact best: near, affordable, of the right kind and size."""

import hashlib
import sqlite3
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from ghlctl.reference.population import HOMES, TOWNS

BEST = 5
REACH_U = 250_000  # a quarter of a degree to each side
_Number = TypeVar("_Number", int, npt.NDArray[np.int64])
BUDGETS = (120_000, 180_000, 240_000, 320_000, 420_000, 550_000)
BEDROOM_METRES_U = 40_000  # a bedroom too few or too many weighs as much as this way


@dataclass(frozen=True, slots=True)
class Wish:
    """Millionths of degrees, whole currency units."""

    lat_u: int
    lon_u: int
    budget: int
    bedrooms: int
    home: int


class Matcher(Protocol):
    def wish(self, contact_id: str, city: str, value: float) -> Wish: ...

    def best(self, wish: Wish) -> tuple[int, ...]:
        """Listing numbers, the best first, at most BEST of them."""
        ...


def wish_of(towns: list[tuple[int, int]], contact_id: str, city: str, value: float) -> Wish:
    """From what the event says; what it leaves out is drawn from the contact's id."""
    drawn = hashlib.blake2b(contact_id.encode(), digest_size=8, person=b"wish").digest()
    place = hashlib.blake2b((city or contact_id).encode(), digest_size=4, person=b"town").digest()
    lat_u, lon_u = towns[int.from_bytes(place, "big") % TOWNS]
    budget = stated_budget(value) or BUDGETS[drawn[0] % len(BUDGETS)]
    return Wish(lat_u, lon_u, min(budget, 10**9), 1 + drawn[1] % 5, drawn[2] % HOMES)


def stated_budget(value: float) -> int:
    """What a lead's value says of its budget in whole units; 0 where it is too small to say it."""
    return round(value) if value >= BUDGETS[0] / 2 else 0


class ScanMatcher:
    """Reads every listing for every wish, as a table without an index does."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._towns = _towns(connection)

    def wish(self, contact_id: str, city: str, value: float) -> Wish:
        return wish_of(self._towns, contact_id, city, value)

    def best(self, wish: Wish) -> tuple[int, ...]:
        rows = self._connection.execute(
            "SELECT id, lat_u, lon_u, price, bedrooms FROM listing WHERE home = ?"
            " AND price BETWEEN ? AND ? AND lat_u BETWEEN ? AND ? AND lon_u BETWEEN ? AND ?",
            (wish.home, *_prices(wish), *_span(wish.lat_u), *_span(wish.lon_u)),
        )
        ranked = sorted((_penalty(wish, *row[1:]), row[0]) for row in rows)
        return tuple(number for _, number in ranked[:BEST])


class IndexMatcher:
    """Holds the listings as columns by home, sorted by latitude: looks only where it must."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._towns = _towns(connection)
        rows = connection.execute(
            "SELECT home, lat_u, lon_u, price, bedrooms, id FROM listing ORDER BY home, lat_u, id"
        ).fetchall()
        table = np.array(rows, dtype=np.int64).T
        homes = np.searchsorted(table[0], np.arange(HOMES + 1))
        self._by_home = [
            np.ascontiguousarray(table[1:, homes[h] : homes[h + 1]]) for h in range(HOMES)
        ]

    def wish(self, contact_id: str, city: str, value: float) -> Wish:
        return wish_of(self._towns, contact_id, city, value)

    def best(self, wish: Wish) -> tuple[int, ...]:
        columns = self._by_home[wish.home]
        south, north = _span(wish.lat_u)
        low, high = np.searchsorted(columns[0], (south, north + 1))
        near = columns[:, low:high]
        near = near[:, _within(near[1], *_span(wish.lon_u)) & _within(near[2], *_prices(wish))]
        lat, lon, price, bedrooms, number = near
        penalty = _penalty(wish, lat, lon, price, bedrooms)
        order = np.lexsort((number, penalty))[:BEST]
        return tuple(number[order].tolist())


def _towns(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    return connection.execute("SELECT lat_u, lon_u FROM town ORDER BY id").fetchall()


def _span(centre_u: int) -> tuple[int, int]:
    return centre_u - REACH_U, centre_u + REACH_U


def _prices(wish: Wish) -> tuple[int, int]:
    return wish.budget // 2, wish.budget * 23 // 20


def _within(column: npt.NDArray[np.int64], low: int, high: int) -> npt.NDArray[np.bool_]:
    return (column >= low) & (column <= high)


def _penalty(
    wish: Wish, lat_u: _Number, lon_u: _Number, price: _Number, bedrooms: _Number
) -> _Number:
    """Whole-number arithmetic, so that rows and columns rank alike."""
    way = abs(lat_u - wish.lat_u) + abs(lon_u - wish.lon_u)
    cost = abs(price - wish.budget) * 100_000 // wish.budget
    return way + cost + abs(bedrooms - wish.bedrooms) * BEDROOM_METRES_U
