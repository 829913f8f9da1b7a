"""A power cut, at any moment: only what was synced survives, and by chance some of the rest."""

import asyncio
import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import pytest

from ghlctl.reference import sqlite_storage, writers
from ghlctl.reference.sqlite_storage import SqliteStorage, prepare
from ghlctl.reference.storage import Arrival
from ghlctl.reference.writers import GroupCommit

CUTS = 20
AT_ONCE = 8
SHIM = "powercut"


@dataclass
class Disk:
    """Bytes by file name that are safe, and the writes since the last sync."""

    safe: dict[str, bytearray] = field(default_factory=dict)
    pending: list[tuple[str, int, bytes | int]] = field(default_factory=list)

    def sync(self, name: str) -> None:
        mine = [one for one in self.pending if one[0] == name]
        self.pending = [one for one in self.pending if one[0] != name]
        content = self.safe.setdefault(name, bytearray())
        for _, offset, change in mine:
            _change(content, offset, change)

    def remove(self, name: str) -> None:
        """At once: SQLite has its folder synced where it matters."""
        self.safe.pop(name, None)
        self.pending = [one for one in self.pending if one[0] != name]

    def cut(self, folder: Path, drawn: random.Random) -> Path:
        """What a reader finds afterwards, in `folder`."""
        files = {name: bytearray(content) for name, content in self.safe.items()}
        for name, offset, change in self.pending:
            if drawn.random() < 0.5:
                _change(files.setdefault(name, bytearray()), offset, change)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return folder / "receiver.sqlite"


def _change(content: bytearray, offset: int, change: bytes | int) -> None:
    if isinstance(change, int):
        del content[change:]
        return
    content.extend(b"\0" * (offset - len(content)))
    content[offset : offset + len(change)] = change


class ShimFile(apsw.VFSFile):
    def __init__(self, name: Any, flags: Any, disk: Disk) -> None:
        super().__init__("", name, flags)
        text = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = Path(text).name
        self._disk = disk

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        super().xWrite(data, offset)
        self._disk.pending.append((self._name, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        super().xTruncate(newsize)
        self._disk.pending.append((self._name, 0, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        super().xSync(flags)
        self._disk.sync(self._name)


class Shim(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        super().__init__(SHIM, "")
        self._disk = disk

    def xOpen(self, name: Any, flags: Any) -> ShimFile:  # noqa: N802 - SQLite's name
        return ShimFile(name, flags, self._disk)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - SQLite's name
        super().xDelete(filename, syncdir)
        self._disk.remove(Path(filename).name)


@dataclass
class Result:
    rows: list[Any]
    rowcount: int
    lastrowid: int

    def fetchall(self) -> list[Any]:
        return self.rows

    def fetchone(self) -> Any:
        return self.rows[0] if self.rows else None


class Connection:
    """What the receiver uses of sqlite3's connection, on the shim."""

    def __init__(self, path: Path, synchronous: str) -> None:
        self._inner = apsw.Connection(str(path), vfs=SHIM)
        for pragma in ("journal_mode=WAL", f"synchronous={synchronous}"):
            self.execute(f"PRAGMA {pragma}")

    @property
    def in_transaction(self) -> bool:
        return self._inner.in_transaction

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Result:
        plain = tuple(int(v) if isinstance(v, int) else v for v in values)
        rows = self._inner.execute(statement, plain).fetchall()
        return Result(rows, self._inner.changes(), self._inner.last_insert_rowid())

    def executescript(self, script: str) -> None:
        self._inner.execute(script).fetchall()

    def close(self) -> None:
        self._inner.close()


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk()
    shim = Shim(disk)
    yield disk
    shim.unregister()


def lost_after_cuts(
    disk: Disk, folder: Path, monkeypatch: pytest.MonkeyPatch, synchronous: str
) -> tuple[int, int]:
    """Of the deliveries acknowledged before each of CUTS: how many, and how many were gone."""
    (folder / "alive").mkdir()
    path = folder / "alive" / "receiver.sqlite"
    for module in (writers, sqlite_storage):
        monkeypatch.setattr(module, "connect", lambda place: Connection(place, synchronous))
    prepare(path)
    drawn = random.Random(5)
    cuts: list[tuple[int, Path]] = []
    acknowledged: list[str] = []

    async def deliver(storage: SqliteStorage, number: int) -> None:
        id_ = f"w{number}"
        await storage.insert(Arrival(id_, None, b"x" * 900, acknowledged=True, once=True))
        acknowledged.append(id_)

    async def story() -> None:
        with closing(GroupCommit(path)) as writer:
            storage = SqliteStorage(writer)
            for number in range(CUTS):
                first = number * AT_ONCE
                waves = [deliver(storage, first + n) for n in range(AT_ONCE)]
                for done in asyncio.as_completed(waves):
                    await done
                place = folder / f"cut{number}"
                place.mkdir()
                cuts.append((len(acknowledged), disk.cut(place, drawn)))

    asyncio.run(story())
    monkeypatch.undo()
    return sum(count for count, _ in cuts), sum(
        len(set(acknowledged[:count]) - _found(file)) for count, file in cuts
    )


def _found(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {row[0] for row in connection.execute("SELECT webhook_id FROM inbox")}


def test_what_was_acknowledged_survives_every_cut(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acknowledged, lost = lost_after_cuts(disk, tmp_path, monkeypatch, "FULL")
    assert (acknowledged, lost) == (AT_ONCE * CUTS * (CUTS + 1) // 2, 0)


def test_with_less_synchronisation_it_would_not(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, lost = lost_after_cuts(disk, tmp_path, monkeypatch, "NORMAL")
    assert lost > 0
