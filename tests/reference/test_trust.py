"""Keys that change while the receiver runs."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ghlctl.errors import KeyMaterialError
from ghlctl.reference.trust import KeyRing, KeySource, KeyText, watch
from ghlctl.store.keys import resolve_key

OVERLAP_S = 60.0


def read_key(text: bytes) -> bytes:
    if b"half" in text:
        raise KeyMaterialError("that is no key")
    return text


def ring_of(*texts: bytes) -> KeyRing:
    return KeyRing(read_key, [KeyText(text) for text in texts])


def test_a_new_key_holds_at_once_and_the_old_one_for_the_overlap() -> None:
    ring = ring_of(b"old")
    assert ring.renew([KeyText(b"new")], now=100.0, overlap_s=60.0) == 1
    assert ring.keys(159.0) == (b"new", b"old")
    assert ring.keys(160.0) == (b"new",)


def test_without_an_overlap_the_old_key_is_gone() -> None:
    ring = ring_of(b"old")
    ring.renew([KeyText(b"new")], now=100.0, overlap_s=0.0)
    assert ring.keys(100.0) == (b"new",)


def test_an_overlap_is_not_prolonged_by_looking_again() -> None:
    ring = ring_of(b"old")
    for now in (100.0, 130.0, 155.0):
        ring.renew([KeyText(b"new")], now=now, overlap_s=60.0)
    assert ring.keys(161.0) == (b"new",)


def test_a_key_that_comes_back_holds_again() -> None:
    ring = ring_of(b"old")
    ring.renew([KeyText(b"new")], now=0.0, overlap_s=1.0)
    ring.renew([KeyText(b"old")], now=0.5, overlap_s=1.0)
    assert ring.keys(9.0) == (b"old",)


def test_a_key_whose_end_is_known_ends_then() -> None:
    ring = KeyRing(read_key, [KeyText(b"new"), KeyText(b"old", until=50.0)])
    assert ring.keys(49.0) == (b"new", b"old")
    assert ring.keys(50.0) == (b"new",)


def test_what_is_no_key_changes_nothing() -> None:
    ring = ring_of(b"old")
    with pytest.raises(KeyMaterialError):
        ring.renew([KeyText(b"new"), KeyText(b"half")], now=0.0, overlap_s=0.0)
    assert ring.renew([], now=0.0, overlap_s=0.0) == 0
    assert ring.keys(1.0) == (b"old",)


def test_neither_a_ring_nor_its_parts_show_a_key() -> None:
    ring = ring_of(b"canary")
    source = KeySource(lambda: [KeyText(b"canary")], lambda: None)
    assert "canary" not in f"{ring!r} {ring._held!r} {source.read()!r}"


@asynccontextmanager
async def watching(ring: KeyRing, path: Path) -> AsyncIterator[None]:
    source = KeySource(
        lambda: [KeyText(resolve_key(f"file:{path}", {}))],
        lambda: path.stat().st_mtime_ns,
        OVERLAP_S,
    )
    task = asyncio.create_task(watch(ring, source, every_s=0.01))
    await asyncio.sleep(0)  # it looks, and listens, before it first waits
    yield
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def until(question: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not question():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)


def test_a_file_that_changed_is_read_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    path = tmp_path / "key"
    path.write_bytes(b"old-canary")
    ring = ring_of(b"old-canary")

    async def run() -> None:
        async with watching(ring, path):
            path.write_bytes(b"new-canary")
            await until(lambda: ring.keys(0.0) == (b"new-canary", b"old-canary"))
            path.write_bytes(b"half a key, canary")
            await until(lambda: "not read again" in caplog.text)
            path.unlink()
            await asyncio.sleep(0.05)
            assert ring.keys(0.0) == (b"new-canary", b"old-canary")

    asyncio.run(run())
    assert "canary" not in caplog.text


def test_a_hangup_reads_at_once_what_no_look_would_notice_and_trusts_nothing_else(
    tmp_path: Path,
) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"old")
    facts = path.stat()
    ring = ring_of(b"old")

    async def run() -> None:
        async with watching(ring, path):
            path.write_bytes(b"new")
            os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: ring.keys(0.0) == (b"new",))

    asyncio.run(run())
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
