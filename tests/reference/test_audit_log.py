"""The audit log: what it shows when it is altered, and what a crash does to it."""

import asyncio
import errno
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import UsageError
from ghlctl.reference.compliance import audit_file
from ghlctl.reference.compliance.audit_file import AuditFile
from ghlctl.reference.compliance.audit_log import AuditLog
from ghlctl.reference.compliance.chain import Head, Verified, read, sealed, verify
from ghlctl.reference.compliance.entry import Action, Entry, Purpose
from ghlctl.reference.storage import StorageError

KEY = b"k" * 32
ENTRY = Entry(Action.UPDATED, Purpose.SCORING, "updated", "ContactUpdate", "d", "loc")


def held(path: Path, key: bytes | None = KEY, kept: Head | None = None) -> Verified:
    with path.open("rb") as lines:
        return verify(lines, key, kept)


def appended(path: Path, number: int) -> Head:
    file = AuditFile(path, KEY)
    for n in range(number):
        file.append([{"n_th": n}], 1e9, sync=False)
    file.close()
    return file.head


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "audit.jsonl"


def test_what_was_appended_holds_and_is_nobody_elses_to_read(path: Path) -> None:
    head = appended(path, 5)
    assert held(path) == Verified(1, head)
    assert head.count == 5
    assert path.stat().st_mode & 0o777 == 0o600


def chain_of(number: int) -> list[bytes]:
    lines, head = [], Head()
    for n in range(number):
        line, head = sealed({"at": "now", "n_th": n, "text": "a\nb"}, head, KEY)
        lines.append(line)
    return lines


@given(st.data())
def test_no_altered_byte_passes(data: st.DataObject) -> None:
    lines = chain_of(4)
    raw = bytearray(b"".join(lines))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    verified = verify(io.BytesIO(raw), KEY)
    # What is altered in the last newline alone is a torn end; all else shows by itself.
    assert verified.problem or (at == len(raw) - 1 and verified.torn_bytes)


@given(st.permutations(range(5)), st.integers(1, 5))
def test_no_order_but_the_right_one_passes(order: list[int], number: int) -> None:
    lines = chain_of(5)
    chosen = order[:number]
    verified = verify([lines[n] for n in chosen], KEY)
    in_a_row = chosen == list(range(chosen[0], chosen[0] + number))
    assert (verified.problem is None) == in_a_row
    assert verified.first == chosen[0] + 1


def test_a_chain_written_without_the_key_does_not_pass() -> None:
    lines, head = [], Head()
    for _ in range(3):
        line, head = sealed({"action": "forged"}, head, b"another key")
        lines.append(line)
    assert verify(lines, KEY).problem == "line 1 was not written with this key"
    assert verify(lines, None).problem is None


def test_an_end_that_was_cut_off_shows_against_a_kept_head(path: Path) -> None:
    head = appended(path, 5)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:4]))
    assert held(path).problem is None
    assert "the kept head 5 is not in it" in str(held(path, kept=head).problem)
    path.write_bytes(b"".join(lines))
    assert held(path, kept=head).kept_found
    assert held(path, kept=Head(3, head.hash)).kept_found is False


@pytest.mark.parametrize("cut", [1, 2, 40, 200])
def test_a_torn_line_is_named_and_the_chain_goes_on(path: Path, cut: int) -> None:
    appended(path, 3)
    os.truncate(path, path.stat().st_size - cut)
    torn = held(path)
    assert (torn.problem, torn.head.count) == (None, 2)
    assert torn.torn_bytes
    head = appended(path, 1)
    mended = held(path)
    assert (mended.problem, mended.head) == (None, head)
    only_its_newline = cut == 1
    assert head.count == 4  # three and the new one, or two, the one that names it, and the new one
    assert len(mended.mended) == (0 if only_its_newline else 1)


@given(garbage=st.binary(min_size=1, max_size=300))
def test_whatever_a_crash_left_is_named(garbage: bytes, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("torn") / "audit.jsonl"
    appended(path, 2)
    with path.open("ab") as file:
        file.write(garbage)
    appended(path, 1)
    appended(path, 1)
    verified = held(path)
    assert verified.problem is None
    assert verified.head.count == 5
    assert len(verified.mended) == 1


def test_a_line_that_names_no_torn_bytes_hides_none(path: Path) -> None:
    appended(path, 2)
    with path.open("ab") as file:
        file.write(b"torn")
    appended(path, 1)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"torn\n", b"TORN\n"))
    assert "was altered" in str(held(path).problem)
    path.write_bytes(raw.replace(b"torn\n", b""))
    assert held(path).problem is None  # what nobody wrote whole is no record


def test_a_long_log_is_taken_up_by_its_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_file, "TAIL_BYTES", 1000)
    head = appended(path, 40)
    with path.open("ab") as file:
        file.write(b'{"torn')
    assert appended(path, 1).count == head.count + 2
    assert held(path).problem is None


def test_a_renamed_log_goes_on_in_a_new_file(path: Path) -> None:
    one, other = AuditFile(path, KEY), AuditFile(path, KEY)
    one.append([{"by": "one"}], 1e9, sync=True)
    other.append([{"by": "other"}], 1e9, sync=True)
    older = path.rename(path.with_name("older.jsonl"))
    one.append([{"by": "one"}], 1e9, sync=True)
    other.append([{"by": "other"}], 1e9, sync=True)
    one.close()
    other.close()
    lines = (older.read_bytes() + path.read_bytes()).splitlines(keepends=True)
    assert verify(lines, KEY) == Verified(1, Head(4, other.head.hash))
    assert held(path).first == 3


PROCESS = """
import sys
from pathlib import Path
from ghlctl.reference.compliance.audit_file import AuditFile
file = AuditFile(Path(sys.argv[1]), b"k" * 32)
for n in range(int(sys.argv[2])):
    file.append([{"n_th": n}, {"n_th": n}], 1e9, sync=False)
    if n == 20:
        print("on", flush=True)
"""


def test_two_processes_and_a_killed_third_leave_one_chain(path: Path) -> None:
    def process(number: int) -> "subprocess.Popen[str]":
        words = [sys.executable, "-c", PROCESS, str(path), str(number)]
        return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)

    living = [process(150), process(150)]
    killed = process(10_000_000)
    assert killed.stdout
    killed.stdout.readline()
    killed.send_signal(signal.SIGKILL)
    assert killed.wait(20) == -signal.SIGKILL
    assert [one.wait(60) for one in living] == [0, 0]
    for one in (*living, killed):
        assert one.stdout
        one.stdout.close()
    appended(path, 1)
    verified = held(path)
    assert verified.problem is None
    assert verified.head.count >= 2 * 2 * 150 + 2 * 20


def test_what_was_waited_for_is_in_the_file(path: Path) -> None:
    log = AuditLog(path, KEY, lambda: 1e9)

    async def many() -> None:
        await asyncio.gather(*(log.write([ENTRY]) for _ in range(50)))
        assert held(path).head.count == 50

    asyncio.run(many())
    log.note(ENTRY)
    log.close()
    assert held(path) == Verified(1, log.head)
    record = json.loads(path.read_text().splitlines()[0])
    assert (record["at"], record["event"]) == ("2001-09-09T01:46:40.000000+00:00", "ContactUpdate")


def test_many_that_wait_share_one_sync(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs: list[int] = []
    fdatasync = os.fdatasync

    def counted(handle: int) -> None:
        syncs.append(handle)
        fdatasync(handle)

    monkeypatch.setattr(os, "fdatasync", counted)
    log = AuditLog(path, KEY)

    async def many() -> None:
        await asyncio.gather(*(log.write([ENTRY]) for _ in range(500)))

    asyncio.run(many())
    log.close()
    assert held(path).head.count == 500
    assert len(syncs) < 50


def test_a_full_disk_fails_who_waits_and_keeps_who_does_not(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write: Callable[[int, bytes], int] = os.write
    full = [True]

    def writing(handle: int, text: bytes) -> int:
        if not full[0]:
            return write(handle, text)
        if len(text) > 10:
            return write(handle, text[:10])  # as a disk takes what it still can
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", writing)
    log = AuditLog(path, KEY)

    async def waiting() -> None:
        log.note(ENTRY)
        with pytest.raises(StorageError, match="audit log: No space left"):
            await log.write([ENTRY])
        full[0] = False
        await log.write([ENTRY])

    asyncio.run(waiting())
    log.close()
    verified = held(path)
    assert verified.problem is None
    lines = filter(None, map(read, path.read_bytes().split(b"\n")))
    actions = [line.fields["action"] for line in lines]
    assert actions.count("updated") >= 2  # what was whole when the disk was full is there twice
    assert actions.count("mended") == len(verified.mended) >= 1


def test_a_place_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the audit log cannot be written"):
        AuditLog(tmp_path, KEY)


def test_threads_that_append_through_one_log_lose_nothing(path: Path) -> None:
    log = AuditLog(path, KEY)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: log.note(ENTRY), range(400)))
    log.close()
    assert held(path).head.count == 400
