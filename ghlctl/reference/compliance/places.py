"""Where a receiver keeps what it knows, opened to read only."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec

from ghlctl.errors import UsageError
from ghlctl.reference.compliance.chain import read
from ghlctl.reference.compliance.pseudonyms import ComplianceKey
from ghlctl.reference.settings import ReceiverSettings

Row = dict[str, Any]
INBOX = "SELECT seq, webhook_id, body, state, received_at FROM {inbox} WHERE "
INSIGHT = "SELECT * FROM {insight} WHERE "
STANDING = "SELECT contact, opted_out, said_at, erased_at FROM {standing} WHERE "

_IN = "IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True)
class Places:
    """As one receiver was started with; `key` None where it is not known."""

    database: str | None = field(repr=False)
    cache: str | None = field(repr=False)
    state: Path
    audit_log: Path
    key: ComplianceKey | None = None

    @contextmanager
    def shelf(self) -> Iterator["Shelf"]:
        """Raise UsageError for a database that cannot be read."""
        settings = ReceiverSettings("", b"", database=self.database, state_dir=self.state)
        if settings.postgres_url is not None:
            yield _Postgres(settings.postgres_url)
            return
        path = settings.sqlite_path
        try:
            with closing(sqlite3.connect(f"file:{path.resolve()}?mode=ro", uri=True)) as connection:
                connection.row_factory = sqlite3.Row
                yield _Sqlite(connection)
        except sqlite3.Error as error:
            raise UsageError(
                f"the database {path.name} cannot be read: {error}",
                "name it with --database, or its folder with --state",
            ) from None

    def records(self) -> list[Row]:
        """All that the audit log says; nothing where there is none."""
        if not self.audit_log.exists():
            return []
        with self.audit_log.open("rb") as file:
            lines = [read(text.rstrip(b"\n")) for text in file]
        return [line.fields for line in lines if line is not None]

    def cached(self, contact_ids: Sequence[str]) -> list[Row] | None:
        """None where no cache was named."""
        if self.cache is None:
            return None
        from ghlctl.reference.redis_cache import cached_about  # noqa: PLC0415 - optional

        return asyncio.run(cached_about(self.cache, contact_ids))


class Shelf(Protocol):
    """A receiver's tables; every list may be empty."""

    def open_deliveries(self) -> list[Row]:
        """Those with a body."""
        ...

    def deliveries(self, webhook_ids: Sequence[str]) -> list[Row]: ...

    def insights(self, contact_ids: Sequence[str], seqs: Sequence[int]) -> list[Row]: ...

    def standings(self, contacts: Sequence[str]) -> list[Row]: ...


@dataclass(frozen=True, slots=True)
class _Sqlite:
    connection: sqlite3.Connection

    def open_deliveries(self) -> list[Row]:
        return self._rows(INBOX + "body IS NOT NULL")

    def deliveries(self, webhook_ids: Sequence[str]) -> list[Row]:
        return self._rows(INBOX + f"webhook_id {_IN}", webhook_ids)

    def insights(self, contact_ids: Sequence[str], seqs: Sequence[int]) -> list[Row]:
        return self._rows(INSIGHT + f"contact_id {_IN} OR seq {_IN}", contact_ids, seqs)

    def standings(self, contacts: Sequence[str]) -> list[Row]:
        return self._rows(STANDING + f"contact {_IN}", contacts)

    def _rows(self, query: str, *lists: Sequence[Any]) -> list[Row]:
        tables = {name: name for name in ("inbox", "insight", "standing")}
        given = [msgspec.json.encode(list(one)).decode() for one in lists]
        return [dict(row) for row in self.connection.execute(query.format(**tables), given)]


@dataclass(frozen=True, slots=True)
class _Postgres:
    url: str = field(repr=False)

    def open_deliveries(self) -> list[Row]:
        return self._rows(INBOX + "body IS NOT NULL")

    def deliveries(self, webhook_ids: Sequence[str]) -> list[Row]:
        return self._rows(INBOX + "webhook_id = ANY($1::text[])", webhook_ids)

    def insights(self, contact_ids: Sequence[str], seqs: Sequence[int]) -> list[Row]:
        where = "contact_id = ANY($1::text[]) OR seq = ANY($2::bigint[])"
        return self._rows(INSIGHT + where, contact_ids, seqs)

    def standings(self, contacts: Sequence[str]) -> list[Row]:
        return self._rows(STANDING + "contact = ANY($1::text[])", contacts)

    def _rows(self, query: str, *lists: Sequence[Any]) -> list[Row]:
        try:
            from ghlctl.reference.postgres_storage import fetched  # noqa: PLC0415 - optional
        except ModuleNotFoundError:
            raise UsageError(
                "PostgreSQL needs an optional part", "pip install 'ghlctl[postgres]'"
            ) from None
        tables = {name: f"ghlctl_{name}" for name in ("inbox", "insight", "standing")}
        return asyncio.run(fetched(self.url, query.format(**tables), [list(one) for one in lists]))
