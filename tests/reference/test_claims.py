"""An id that is claimed while its delivery is processed is free again however that ends."""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ghlctl.reference.compliance.conduct import Conduct
from ghlctl.reference.compliance.consent import Rule
from ghlctl.reference.compliance.journal import Journal
from ghlctl.reference.compliance.pseudonyms import Pseudonyms
from ghlctl.reference.counters import Counters
from ghlctl.reference.pipeline import Pipeline
from ghlctl.reference.profile import BASELINE, TimestampWindow, with_switches
from ghlctl.reference.receiver import Receiver, Taken
from ghlctl.reference.refusal import Refusal, RefusalCode
from ghlctl.reference.sqlite_storage import SqliteStorage, prepare
from ghlctl.reference.storage import StorageError
from ghlctl.reference.trust import KeyRing, KeyText
from ghlctl.reference.verification import Verification
from ghlctl.reference.writers import GroupCommit, SingleWrites, Writer
from ghlctl.signing.hmac_timestamp import HMAC_TIMESTAMP
from ghlctl.signing.scheme import Request

KEYS = HMAC_TIMESTAMP.generate()
BODY = json.dumps(
    {
        "type": "ContactCreate",
        "locationId": "L" * 20,
        "id": "C" * 20,
        "timestamp": "2026-11-22T12:00:00.000Z",
        "webhookId": "one-and-the-same",
    }
).encode()
Fate = Callable[[], Awaitable[None]]


class Fated(Pipeline):
    """Ends each delivery in turn as it is told to."""

    def __init__(self, *fates: Fate) -> None:
        self.fates = list(fates)

    async def process(self, *_: object) -> None:
        await self.fates.pop(0)()


async def succeed() -> None:
    return


async def fail() -> None:
    raise LookupError("a defect")


async def fail_to_store() -> None:
    raise StorageError("database or disk is full")


@pytest.fixture(params=[SingleWrites, GroupCommit])
def writer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Writer]:
    path = tmp_path / "receiver.sqlite"
    prepare(path)
    with closing(request.param(path)) as writer:
        yield writer


def receiver_of(writer: Writer, *fates: Fate, acknowledge: str = "after_processing") -> Receiver:
    ring = KeyRing(HMAC_TIMESTAMP.read_verifying_key, [KeyText(KEYS.public)])
    storage = SqliteStorage(writer)
    journal = Journal(None, Pseudonyms(b"names"), "hmac-timestamp")
    return Receiver(
        profile=with_switches(BASELINE, [f"acknowledge={acknowledge}", "deduplicate=atomic"]),
        verification=Verification(HMAC_TIMESTAMP, ring, TimestampWindow.FIVE_MINUTES),
        storage=storage,
        conduct=Conduct(Fated(*fates), storage, None, journal, Rule(asked=False), erases=False),
        counters=Counters(),
    )


class Held(GroupCommit):
    """Lets no commit begin before it is told to."""

    def __init__(self, path: Path) -> None:
        self.go = threading.Event()
        super().__init__(path)

    def _write(self, batch: Any) -> None:
        self.go.wait(20)
        super()._write(batch)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    path = tmp_path / "held.sqlite"
    prepare(path)
    with closing(Held(path)) as writer:
        yield writer
        writer.go.set()


async def cancelled_while_storing(receiver: Receiver, held: Held) -> None:
    task = asyncio.ensure_future(take(receiver))
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    await asyncio.sleep(0)
    held.go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    await receiver.settle()


async def take(receiver: Receiver) -> Taken | Refusal:
    key = HMAC_TIMESTAMP.read_signing_key(KEYS.private)
    headers = HMAC_TIMESTAMP.sign(BODY, key, at=time.time(), delivery_id="one-and-the-same")
    request = Request("POST", "http://127.0.0.1/webhooks/ghl")
    return await receiver.take(BODY, headers, None, request)


def test_a_defect_frees_the_id_for_the_next_attempt(writer: Writer) -> None:
    async def twice() -> list[Taken | Refusal]:
        receiver = receiver_of(writer, fail, succeed)
        with pytest.raises(LookupError):
            await take(receiver)
        return [await take(receiver), await take(receiver)]

    assert asyncio.run(twice()) == [Taken("processed"), Taken("duplicate")]


def test_a_cancelled_request_frees_the_id(writer: Writer) -> None:
    async def cancelled() -> Taken | Refusal:
        begun = asyncio.Event()

        async def hang() -> None:
            begun.set()
            await asyncio.sleep(60)

        receiver = receiver_of(writer, hang, succeed)
        task = asyncio.ensure_future(take(receiver))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await take(receiver)

    assert asyncio.run(cancelled()) == Taken("processed")


def test_a_failing_store_frees_the_id(writer: Writer) -> None:
    async def full() -> list[Taken | Refusal]:
        receiver = receiver_of(writer, fail_to_store, succeed)
        return [await take(receiver), await take(receiver)]

    first, second = asyncio.run(full())
    assert isinstance(first, Refusal)
    assert first.code is RefusalCode.STORAGE
    assert second == Taken("processed")


def test_a_request_cancelled_while_its_delivery_is_stored_frees_the_id(held: Held) -> None:
    async def cancelled() -> Taken | Refusal:
        receiver = receiver_of(held, succeed)
        await cancelled_while_storing(receiver, held)
        return await take(receiver)

    assert asyncio.run(cancelled()) == Taken("processed")


def test_what_was_stored_for_a_cancelled_request_is_worked_off_and_not_left_lying(
    held: Held,
) -> None:
    async def cancelled() -> tuple[Taken | Refusal, int]:
        receiver = receiver_of(held, succeed, acknowledge="after_storing")
        receiver.backlog.start()
        await cancelled_while_storing(receiver, held)
        again = await take(receiver)
        await receiver.backlog.drain(20)
        return again, receiver.counters.processed

    assert asyncio.run(cancelled()) == (Taken("duplicate"), 1)
