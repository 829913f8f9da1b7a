"""The receiver's own world: listings to match and histories to analyse, generated from a seed.

Listings lie around 40 towns, nearer to the centre more often, and cost more where they are large.
Each of 5,000 subjects has a history of visits, opened and clicked messages, replies and calls over
90 days, its activity and its favourite hour drawn per subject. A contact's history is that of the
subject its id hashes to, seen from the moment of the event: `age_h` is hours before it. Weights
are millionths and halve every week; all values are whole numbers, so that every way of adding
them up gives the same sum.
"""

import os
import sqlite3
import tempfile
from pathlib import Path

import numpy as np

VERSION = 1
SEED = 20261122
TOWNS = 40
LISTINGS = 50_000
SUBJECTS = 5_000
ACTIVITIES = 250_000
KINDS = 5  # visit, open, click, reply, call
HISTORY_H = 90 * 24
HALF_LIFE_H = 7 * 24
HOMES = 4  # flat, house, terrace, plot

_SCHEMA = """
CREATE TABLE town (id INTEGER PRIMARY KEY, lat_u INTEGER, lon_u INTEGER) STRICT;
CREATE TABLE listing (id INTEGER PRIMARY KEY, home INTEGER, lat_u INTEGER, lon_u INTEGER,
                      price INTEGER, bedrooms INTEGER) STRICT;
CREATE TABLE activity (subject INTEGER, kind INTEGER, hour INTEGER, age_h INTEGER,
                       weight_u INTEGER) STRICT;
"""


def population_in(folder: Path) -> Path:
    """The generated file, made on first use; processes that race each write a whole one."""
    path = folder / f"population-{VERSION}.sqlite"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=path.stem, suffix=".part")
    os.close(handle)
    draft = Path(name)
    try:
        _generate(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def open_population(path: Path) -> sqlite3.Connection:
    """A read-only connection for any thread; the file never changes once it has its name."""
    return sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True, check_same_thread=False)


def _generate(path: Path) -> None:
    random = np.random.default_rng(SEED)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;")
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        _listings(connection, random)
        _activities(connection, random)
        connection.execute("CREATE INDEX activity_by_subject ON activity (subject)")
        connection.execute("COMMIT")
    finally:
        connection.close()


def _listings(connection: sqlite3.Connection, random: np.random.Generator) -> None:
    lat = random.integers(30_000_000, 45_000_000, TOWNS)
    lon = random.integers(-120_000_000, -75_000_000, TOWNS)
    connection.executemany("INSERT INTO town VALUES (?, ?, ?)", _rows(np.arange(TOWNS), lat, lon))
    town = random.integers(0, TOWNS, LISTINGS)
    bedrooms = random.integers(1, 6, LISTINGS)
    price = (random.gamma(6.0, 12_000.0, LISTINGS) * (1 + bedrooms)).astype(np.int64)
    rows = _rows(
        np.arange(1, LISTINGS + 1),
        random.integers(0, HOMES, LISTINGS),
        lat[town] + random.normal(0, 80_000, LISTINGS).astype(np.int64),
        lon[town] + random.normal(0, 80_000, LISTINGS).astype(np.int64),
        price,
        bedrooms,
    )
    connection.executemany("INSERT INTO listing VALUES (?, ?, ?, ?, ?, ?)", rows)


def _activities(connection: sqlite3.Connection, random: np.random.Generator) -> None:
    share = random.gamma(0.7, 1.0, SUBJECTS)
    subject = random.choice(SUBJECTS, ACTIVITIES, p=share / share.sum())
    favourite = random.integers(7, 22, SUBJECTS)
    age_h = np.minimum(random.exponential(500, ACTIVITIES), HISTORY_H).astype(np.int64)
    rows = _rows(
        subject,
        random.choice(KINDS, ACTIVITIES, p=(0.45, 0.3, 0.15, 0.07, 0.03)),
        (favourite[subject] + random.normal(0, 2.5, ACTIVITIES).astype(np.int64)) % 24,
        age_h,
        np.rint(1e6 * 0.5 ** (age_h / HALF_LIFE_H)).astype(np.int64),
    )
    connection.executemany("INSERT INTO activity VALUES (?, ?, ?, ?, ?)", rows)


def _rows(*columns: np.typing.NDArray[np.int64]) -> "zip[tuple[int, ...]]":
    return zip(*(column.tolist() for column in columns), strict=True)
