"""How contacts stand in PostgreSQL, and how what was deleted is made to be gone from its tables."""

from collections.abc import Sequence
from typing import Any

from ghlctl.reference import postgres_statements as sql
from ghlctl.reference.compliance.gone import concerns
from ghlctl.reference.storage import Erased, Erasing, Preference, Standing

REWRITTEN_BYTES = 64 * 1024 * 1024  # more takes so long that deliveries would wait for it
LOCKED_WITHIN_MS = 2000

Connection = Any  # asyncpg ships no types


async def standing(connection: Connection, contact: str) -> Standing:
    row = await connection.fetchrow(sql.STANDING, contact)
    return Standing(row[0], row[1], row[2]) if row else Standing()


async def prefer(connection: Connection, preferences: Sequence[Preference]) -> None:
    """In the order of their names, so that two receivers never wait for each other in a circle."""
    ordered = sorted(preferences, key=lambda one: (one.contact, one.said_at))
    rows = [(one.contact, one.opted_out, one.said_at) for one in ordered]
    await connection.executemany(sql.PREFER, rows)


async def erase(connection: Connection, erasing: Erasing) -> Erased:
    """Within the caller's transaction."""
    named = await connection.fetch(sql.NAMING, erasing.contact_id.encode())
    mine = [seq for seq, body in named if concerns(body, erasing)]
    await connection.execute(sql.EMPTY, mine)
    insights = await connection.fetch(sql.FORGET_INSIGHTS, erasing.contact_id)
    await connection.execute(sql.MARK_ERASED, erasing.contact, erasing.at)
    return Erased(len(mine), len(insights))


async def overwrite(connection: Connection) -> bool:
    """Write the tables anew, unless they are too large; then let their room be used again.

    PostgreSQL's own log, replicas and backups are beyond the reach of a user of the database.
    """
    size = await connection.fetchval(sql.SIZE, list(sql.TABLES))
    small = bool(size <= REWRITTEN_BYTES)
    await connection.execute(f"SET lock_timeout = {LOCKED_WITHIN_MS}")
    kind = "VACUUM FULL" if small else "VACUUM"
    for table in sql.TABLES:
        await connection.execute(f"{kind} {table}")
    return small
