"""What the receiver keeps: deliveries on their way through, ids it has seen, what it found out."""

import fcntl
import sqlite3
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from ghlctl.errors import UsageError
from ghlctl.reference.insight import Insight
from ghlctl.reference.writers import Work, connect

KEEP_S = 7 * 86_400  # longer than HighLevel sends a delivery again, which is three days

_SCHEMA = """
CREATE TABLE IF NOT EXISTS inbox (
    seq INTEGER PRIMARY KEY, webhook_id TEXT NOT NULL, route TEXT, body BLOB,
    acknowledged INTEGER NOT NULL, state INTEGER NOT NULL, reason TEXT, received_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS inbox_open ON inbox (seq) WHERE state = 0;
CREATE TABLE IF NOT EXISTS seen (
    webhook_id TEXT PRIMARY KEY, settled INTEGER NOT NULL, at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS insight (
    seq INTEGER PRIMARY KEY, contact_id TEXT NOT NULL, score REAL NOT NULL, segment TEXT NOT NULL,
    matches TEXT NOT NULL, next_contact_hour INTEGER NOT NULL
) STRICT;
"""


class State(IntEnum):
    OPEN = 0
    DONE = 1
    FAILED = 2


class Claim(StrEnum):
    """What became of the attempt to store a delivery."""

    FRESH = "fresh"
    IN_WORK = "in_work"  # the same webhookId is being processed and nobody knows how that ends
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Stored:
    seq: int
    claim: Claim


@dataclass(frozen=True, slots=True)
class Leftover:
    """An acknowledged delivery that an earlier process did not finish."""

    seq: int
    route: str | None
    body: bytes


def insert(
    webhook_id: str, route: str | None, body: bytes, *, acknowledged: bool, once: bool
) -> Work[Stored]:
    """Store one delivery; with `once`, only the first of its webhookId."""
    now = time.time()

    def work(connection: sqlite3.Connection) -> Stored:
        if once:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (webhook_id, acknowledged, now)
            )
            if not cursor.rowcount:
                return Stored(0, _known(connection, webhook_id))
        cursor = connection.execute(
            "INSERT INTO inbox (webhook_id, route, body, acknowledged, state, received_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (webhook_id, route, body, acknowledged, State.OPEN, now),
        )
        return Stored(cursor.lastrowid or 0, Claim.FRESH)

    return work


def keep(seq: int, contact_id: str, insight: Insight) -> Work[None]:
    """Store what was found out; found out again, it replaces the first."""

    def work(connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO insight VALUES (?, ?, ?, ?, ?, ?)",
            (
                seq,
                contact_id,
                insight.score,
                insight.segment,
                insight.matches_text,
                insight.next_contact_hour,
            ),
        )

    return work


def finish(seq: int, webhook_id: str) -> Work[None]:
    """Mark a delivery as done, and forget its body: people's details are kept no longer."""

    def work(connection: sqlite3.Connection) -> None:
        connection.execute(
            "UPDATE inbox SET state = ?, body = NULL WHERE seq = ?", (State.DONE, seq)
        )
        connection.execute("UPDATE seen SET settled = 1 WHERE webhook_id = ?", (webhook_id,))

    return work


def give_up(seq: int, webhook_id: str, reason: str, *, forget: bool) -> Work[None]:
    """Mark a delivery as failed; `forget` its id where the provider was told and may try again.

    One that was finished in the meantime stays finished, and its id known.
    """

    def work(connection: sqlite3.Connection) -> None:
        connection.execute(
            "UPDATE inbox SET state = ?, reason = ?, body = NULL WHERE seq = ? AND state = ?",
            (State.FAILED, reason, seq, State.OPEN),
        )
        if forget:
            connection.execute(
                "DELETE FROM seen WHERE webhook_id = ? AND NOT settled", (webhook_id,)
            )

    return work


def together(works: Sequence[Work[None]]) -> Work[None]:
    """Several writes as one, so that they share a commit."""

    def work(connection: sqlite3.Connection) -> None:
        for part in works:
            part(connection)

    return work


def _known(connection: sqlite3.Connection, webhook_id: str) -> Claim:
    row = connection.execute(
        "SELECT settled FROM seen WHERE webhook_id = ?", (webhook_id,)
    ).fetchone()
    return Claim.DUPLICATE if row and row[0] else Claim.IN_WORK


def prepare(path: Path) -> list[Leftover]:
    """Make or open the database, drop what is old, and say what an earlier process left undone.

    Raise UsageError when there is no usable database at `path`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(connect(path)) as connection:
            connection.executescript(_SCHEMA)
            before = time.time() - KEEP_S
            connection.execute("DELETE FROM inbox WHERE state != 0 AND received_at < ?", (before,))
            connection.execute("DELETE FROM insight WHERE seq NOT IN (SELECT seq FROM inbox)")
            connection.execute("DELETE FROM seen WHERE at < ?", (before,))
            # Whoever sent these was never answered, and will send them again.
            connection.execute("DELETE FROM seen WHERE NOT settled")
            connection.execute("DELETE FROM inbox WHERE state = 0 AND NOT acknowledged")
            rows = connection.execute(
                "SELECT seq, route, body FROM inbox WHERE state = 0 ORDER BY seq"
            ).fetchall()
    except (OSError, sqlite3.Error) as error:
        raise UsageError(
            f"the receiver cannot use the database {path.name}: {error}",
            "name another with --database, or another folder with --state",
        ) from None
    return [Leftover(*row) for row in rows]


class Lock(AbstractContextManager["Lock"]):
    """Keeps a second receiver off the same database, which would act on everything twice."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w")
        except OSError as error:
            raise UsageError(
                f"the folder of the database {self._path.stem} cannot be written: {error.strerror}",
                "name another with --state",
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise UsageError(
                f"the database {self._path.stem} is in use by another receiver",
                "stop that one, or name another folder with --state",
            ) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
