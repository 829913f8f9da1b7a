"""The receiver: what happens to a delivery from its bytes to its answer, in either order."""

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ghlctl.model.delivery import Headers
from ghlctl.reference.backlog import Backlog, Job
from ghlctl.reference.calls import (
    Persistence,
    UpstreamError,
    UpstreamRefusedError,
    persistence,
)
from ghlctl.reference.compliance.conduct import Conduct, is_erasure
from ghlctl.reference.compliance.entry import Action
from ghlctl.reference.compliance.spoken_of import speaking_of
from ghlctl.reference.counters import Counters
from ghlctl.reference.failpoints import Failpoint, reach
from ghlctl.reference.incoming import Ignored, Incoming, Parsed, parse
from ghlctl.reference.insight import Insight
from ghlctl.reference.profile import Acknowledge, Deduplication, Profile, Types, Writes
from ghlctl.reference.refusal import Refusal, RefusalCode
from ghlctl.reference.screening import Screening
from ghlctl.reference.storage import (
    Arrival,
    Change,
    Claim,
    Finished,
    Found,
    GivenUp,
    Leftover,
    Storage,
    StorageError,
    Stored,
)
from ghlctl.reference.verification import Verification
from ghlctl.signing.scheme import Request as SignedRequest

T = TypeVar("T")
STORE_AGAIN_S = 1.0
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """The receiver's word on a delivery that it does not refuse."""

    status: str


class Receiver:
    """Everything but HTTP; made once per process."""

    def __init__(
        self,
        *,
        profile: Profile,
        verification: Verification,
        storage: Storage,
        conduct: Conduct,
        counters: Counters,
        screening: Screening | None = None,
    ) -> None:
        self._profile = profile
        self._screening = screening or Screening(profile)
        self._verification = verification
        self._storage = storage
        self._conduct = conduct
        self.journal = conduct.journal
        self.counters = counters
        self.backlog = Backlog(self._work_off, profile.workers, profile.backlog)
        self._once = profile.deduplicate is Deduplication.ATOMIC
        self._ending: set[asyncio.Future[Any]] = set()
        self._stores_first = profile.acknowledge is Acknowledge.AFTER_STORING

    def recover(self, leftovers: Sequence[Leftover]) -> None:
        """Take up what an earlier process acknowledged and did not finish."""
        for leftover in leftovers:
            parsed = self._parse_leftover(leftover)
            if isinstance(parsed, Incoming):
                self.counters.recovered += 1
                self.backlog.put(_job(leftover.seq, parsed))
            else:
                LOG.warning("delivery %d of an earlier process cannot be read", leftover.seq)

    async def take(
        self, body: bytes, headers: Headers, expected: str | None, request: SignedRequest
    ) -> Taken | Refusal:
        """Verify, parse, and act on one delivery; `expected` is its route's event type."""
        now = time.time()
        refusal = self._verification.refuse_signature(body, headers, now, request)
        parsed = refusal or self._judged(body, expected, now)
        if isinstance(parsed, Refusal):
            return parsed
        if isinstance(parsed, Ignored):
            self.counters.ignored += 1
            self.journal.ignored(parsed.event_type)
            return Taken("ignored")
        parsed = self._screening.prepared(parsed, body)
        if self._stores_first:
            return await self._store_then_acknowledge(parsed, body, expected)
        return await self._process_then_acknowledge(parsed, body, expected)

    def _judged(self, body: bytes, expected: str | None, now: float) -> Parsed:
        """What a genuine body says, or why that is not to be acted on."""
        unlike = self._screening.refuse_structure(body)
        parsed = unlike or parse(body, self._profile.types, expected)
        if isinstance(parsed, Refusal):
            return parsed
        stale = self._verification.refuse_age(parsed, now)
        foreign = stale or self._screening.refuse_tenant(parsed, body, time.monotonic())
        return foreign or self._conduct.reading(parsed, body)

    async def _store_then_acknowledge(
        self, incoming: Incoming, body: bytes, route: str | None
    ) -> Taken | Refusal:
        if self.backlog.full:
            return Refusal(RefusalCode.BUSY, "backlog: its bound is reached")
        self.backlog.reserved += 1
        # Once it is stored it is queued, even if the request is cancelled while the write is under
        # way: its id is known from then on, and a next attempt would be called a duplicate.
        return await self._to_its_end(self._store_and_queue(incoming, body, route))

    async def _store_and_queue(
        self, incoming: Incoming, body: bytes, route: str | None
    ) -> Taken | Refusal:
        try:
            stored = await self._storage.insert(self._arrival(incoming, body, route))
        except StorageError as error:
            return Refusal(RefusalCode.BUSY, f"storage: {error}")
        finally:
            self.backlog.reserved -= 1
        reach(Failpoint.AFTER_COMMIT)
        if stored.claim is not Claim.FRESH:
            return self._known(stored.claim, incoming)
        self.counters.accepted += 1
        self.journal.received(incoming, "accepted", time.time())
        self.backlog.put(_job(stored.seq, incoming))
        return Taken("accepted")

    async def _process_then_acknowledge(
        self, incoming: Incoming, body: bytes, route: str | None
    ) -> Taken | Refusal:
        storing = asyncio.ensure_future(self._storage.insert(self._arrival(incoming, body, route)))
        try:
            stored = await asyncio.shield(storing)
        except StorageError as error:
            return Refusal(RefusalCode.STORAGE, f"storage: {error}")
        except asyncio.CancelledError:
            await self._to_its_end(self._unclaim(storing, incoming))
            raise
        if stored.claim is not Claim.FRESH:
            return self._known(stored.claim, incoming)
        self.counters.accepted += 1
        self.journal.received(incoming, "accepted", time.time())
        return await self._process_now(Job(stored.seq, incoming))

    async def _unclaim(self, storing: asyncio.Future[Stored], incoming: Incoming) -> None:
        """The request is gone while its delivery was being stored: whoever sent it tries again."""
        try:
            stored = await storing
        except StorageError:
            return
        if stored.claim is Claim.FRESH:
            await self._free(Job(stored.seq, incoming), "the request was cancelled")

    async def _process_now(self, job: Job) -> Taken | Refusal:
        """While the provider waits; however it fails, its next attempt finds the id free."""
        try:
            patience = persistence(self._profile.retry, waited_for=True)
            await self._storage.write(await self._process(job, patience))
        except UpstreamError as error:
            self.counters.failed += 1
            await self._release(job, str(error))
            return Refusal(RefusalCode.UPSTREAM, f"upstream: {error}")
        except StorageError as error:
            await self._release(job, str(error))
            return Refusal(RefusalCode.STORAGE, f"storage: {error}")
        except BaseException as error:  # a defect, or the request was cancelled
            self.counters.failed += 1
            await self._release(job, type(error).__name__)
            raise
        self.counters.processed += 1
        return Taken("processed")

    async def _release(self, job: Job, reason: str) -> None:
        await self._to_its_end(self._free(job, reason))

    async def _to_its_end(self, work: Coroutine[Any, Any, T]) -> T:
        """In a task of its own, which ends its work even when the waiting for it is cancelled."""
        task = asyncio.ensure_future(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return await asyncio.shield(task)

    async def settle(self) -> None:
        """Wait for what goes on although its request is gone."""
        while self._ending:
            await asyncio.wait(self._ending)

    async def _free(self, job: Job, reason: str) -> None:
        webhook_id = job.incoming.webhook_id
        try:
            await self._storage.write([GivenUp(job.seq, webhook_id, reason, forget=True)])
        except StorageError as error:
            LOG.warning("the id of delivery %d stays claimed: %s", job.seq, error)

    async def _work_off(self, job: Job) -> None:
        """Process what was acknowledged: nobody is left to send it again."""
        patience = persistence(self._profile.retry, waited_for=False)
        while True:
            try:
                found = await self._process(job, patience)
                await self._write_until_done(found)
                reach(Failpoint.AFTER_MARK)
                self.counters.processed += 1
            except UpstreamRefusedError as error:
                self.counters.failed += 1
                LOG.warning("delivery %d failed for good: %s", job.seq, error)
                given_up = GivenUp(job.seq, job.incoming.webhook_id, str(error), forget=False)
                noted = self.journal.noted(Action.FAILED, job.incoming, "refused upstream")
                await self._write_until_done([*noted, given_up])
            except UpstreamError as error:
                self.counters.failed += 1
                LOG.warning("delivery %d waits for the next start: %s", job.seq, error)
            except StorageError as error:
                LOG.warning("delivery %d cannot be stored, trying again: %s", job.seq, error)
                await asyncio.sleep(STORE_AGAIN_S)
                continue
            return

    async def _process(self, job: Job, patience: Persistence) -> list[Change]:
        """Process one stored delivery; what is returned is still to be written.

        With single writes the insight is a commit of its own, before anything goes upstream.
        """
        incoming, apart = job.incoming, self._profile.database_writes is Writes.SINGLE
        changes: list[Change] = []

        async def keep(insight: Insight) -> None:
            contact = self._conduct.pseudonym(incoming)
            found = Found(job.seq, incoming.contact_id, insight, incoming.kept, contact)
            if apart:
                await self._storage.write([found])
            else:
                changes.append(found)

        reach(Failpoint.BEFORE_EFFECT)
        with speaking_of(incoming):
            done = await self._conduct.process(incoming, patience, keep)
        reach(Failpoint.AFTER_EFFECT)
        return [*changes, *done, Finished(job.seq, incoming.webhook_id)]

    async def _write_until_done(self, changes: Sequence[Change]) -> None:
        """The effect is upstream already: doing it all again would only repeat it."""
        while True:
            try:
                await self._storage.write(changes)
            except StorageError as error:
                LOG.warning("a finished delivery cannot be marked, trying again: %s", error)
                await asyncio.sleep(STORE_AGAIN_S)
            else:
                return

    def _arrival(self, incoming: Incoming, body: bytes, route: str | None) -> Arrival:
        return Arrival(
            incoming.webhook_id, route, body, acknowledged=self._stores_first, once=self._once
        )

    def _known(self, claim: Claim, incoming: Incoming) -> Taken | Refusal:
        if claim is Claim.IN_WORK:
            return Refusal(RefusalCode.BUSY, "the same delivery is being processed")
        self.counters.duplicates += 1
        self.journal.received(incoming, "duplicate", time.time())
        return Taken("duplicate")

    def _parse_leftover(self, leftover: Leftover) -> Incoming | Ignored | Refusal:
        # Leniently if need be: it was genuine, it was acknowledged, and rules may have changed.
        for types in (Types.STRICT, Types.LENIENT):
            parsed = parse(leftover.body, types, leftover.route)
            parsed = self._conduct.reading(parsed, leftover.body)
            if isinstance(parsed, Incoming):
                return self._screening.prepared(parsed, leftover.body)
        return parsed


def _job(seq: int, incoming: Incoming) -> Job:
    return Job(seq, incoming, aside=is_erasure(incoming))
