import logging
import os
import stat
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import UsageError
from ghlctl.model.effect import LedgerEntry
from ghlctl.upstream.ledger import BODY_BYTES, Ledger
from ghlctl.upstream.ledger_file import LedgerFile


def recorded(ledger: Ledger, body: bytes = b"") -> None:
    ledger.record(
        at_unix_ns=1,
        method="PUT",
        path="/",
        status=200,
        applied=True,
        location_id="",
        idempotency_key="",
        body=body,
    )


@given(entries=st.integers(0, 40), bound=st.integers(1, 50), limit=st.integers(1, 9))
def test_reading_page_after_page_gives_every_kept_entry_once(
    entries: int, bound: int, limit: int
) -> None:
    ledger = Ledger(bound, 10**6)
    for _ in range(entries):
        recorded(ledger)
    read: list[int] = []
    after = 0
    while (page := ledger.page(after, limit)).entries:
        assert page.truncated == (after + 1 < max(1, entries - bound + 1))
        read += [entry.seq for entry in page.entries]
        after = page.next
    assert read == list(range(max(1, entries - bound + 1), entries + 1))


def test_an_empty_page_says_where_to_go_on() -> None:
    ledger = Ledger(10, 10**6)
    recorded(ledger)
    assert ledger.page(1).next == 1
    assert ledger.page(99).next == 99


def test_large_bodies_are_cut_and_old_ones_dropped_for_space() -> None:
    ledger = Ledger(10, 2 * BODY_BYTES)
    for _ in range(3):
        recorded(ledger, b"x" * (BODY_BYTES + 1))
    page = ledger.page(0)
    assert [len(entry.body) for entry in page.entries] == [BODY_BYTES, BODY_BYTES]
    assert page.truncated


def test_a_body_that_is_no_text_is_kept_readable() -> None:
    ledger = Ledger(10, 10**6)
    recorded(ledger, b"\xff\x00ok")
    assert ledger.page(0).entries[0].body.endswith("ok")


def test_the_file_holds_every_entry_even_those_that_memory_dropped(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    file = LedgerFile(path)
    ledger = Ledger(2, 10**6, file)
    for number in range(5):
        recorded(ledger, b"%d \n\xff" % number)
    lines = path.read_bytes().splitlines()
    entries = [msgspec.json.decode(line, type=LedgerEntry) for line in lines]
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert entries[-1] == ledger.page(0).entries[-1]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    file.close()


def test_a_file_that_is_there_already_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text("earlier")
    with pytest.raises(UsageError, match="there already"):
        LedgerFile(path)
    assert path.read_text() == "earlier"
    with pytest.raises(UsageError, match="cannot be written"):
        LedgerFile(tmp_path / "nowhere" / "ledger.jsonl")


def test_a_file_that_cannot_be_written_any_more_ends_with_one_word_about_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = LedgerFile(tmp_path / "ledger.jsonl")
    ledger = Ledger(10, 10**6, file)
    recorded(ledger)
    os.dup2(os.open("/dev/full", os.O_WRONLY), file._file)
    with caplog.at_level(logging.ERROR):
        recorded(ledger)
        recorded(ledger)
    assert len(ledger) == 3
    assert [record.message.partition(":")[0].rpartition(" ")[2] for record in caplog.records] == [
        "2"
    ]
