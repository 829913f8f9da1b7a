"""How contacts stand in SQLite, and how what was deleted is made to be gone from its files."""

import sqlite3
from contextlib import closing
from pathlib import Path

from ghlctl.reference.compliance.gone import concerns
from ghlctl.reference.storage import Erased, Erasing, Preference, Standing, State
from ghlctl.reference.writers import connect

REWRITTEN_BYTES = 64 * 1024 * 1024  # a larger file takes so long that deliveries would wait for it


def zero_what_is_deleted(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA secure_delete=ON").fetchone()


def standing(connection: sqlite3.Connection, contact: str) -> Standing:
    row = connection.execute(
        "SELECT opted_out, said_at, erased_at FROM standing WHERE contact = ?", (contact,)
    ).fetchone()
    return Standing(bool(row[0]), row[1], row[2]) if row else Standing()


def prefer(connection: sqlite3.Connection, preference: Preference) -> None:
    connection.execute(
        "INSERT INTO standing VALUES (?, ?, ?, NULL) ON CONFLICT (contact) DO UPDATE"
        " SET opted_out = excluded.opted_out, said_at = excluded.said_at"
        " WHERE said_at <= excluded.said_at AND erased_at IS NULL",
        (preference.contact, preference.opted_out, preference.said_at),
    )


def erase(connection: sqlite3.Connection, erasing: Erasing) -> Erased:
    """All of it in one transaction with whatever else waits."""
    candidates = connection.execute(
        "SELECT seq, body FROM inbox WHERE state = 0 AND instr(body, ?)",
        (erasing.contact_id.encode(),),
    )
    mine = [(seq,) for seq, body in candidates if concerns(body, erasing)]
    connection.executemany(
        f"UPDATE inbox SET state = {State.DONE:d}, body = NULL, reason = 'erased' WHERE seq = ?",  # noqa: S608 - a number
        mine,
    )
    insights = connection.execute(
        "DELETE FROM insight WHERE contact_id = ?", (erasing.contact_id,)
    ).rowcount
    connection.execute(
        "INSERT OR REPLACE INTO standing VALUES (?, 0, ?, ?)",
        (erasing.contact, erasing.at, erasing.at),
    )
    return Erased(len(mine), insights)


def revive(connection: sqlite3.Connection, contact: str) -> None:
    connection.execute(
        "DELETE FROM standing WHERE contact = ? AND erased_at IS NOT NULL", (contact,)
    )


def forget_erasures(connection: sqlite3.Connection, before: float, most: int) -> int:
    """Drop the marks of old erasures: no delivery that old is sent again."""
    old = connection.execute(
        "SELECT contact FROM standing WHERE erased_at < ? LIMIT ?", (before, most)
    ).fetchall()
    connection.executemany("DELETE FROM standing WHERE contact = ?", old)
    return len(old)


def overwrite(path: Path, all_pages: bool) -> bool:
    """Empty the write-ahead log; with `all_pages` write the file anew, unless it is too large.

    The pages of a file that is too large were filled with zeros as rows were deleted; what stays
    then are copies that SQLite left when it moved rows between pages. Whether all was done.
    """
    with closing(connect(path)) as connection:
        zero_what_is_deleted(connection)
        small = path.stat().st_size <= REWRITTEN_BYTES
        if all_pages and small:
            connection.execute("VACUUM")
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy and (small or not all_pages)
