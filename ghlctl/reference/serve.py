"""Runs the reference receiver until it is told to stop."""

import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from ghlctl.errors import UsageError
from ghlctl.reference.app import make_app
from ghlctl.reference.breaker import Breaker
from ghlctl.reference.calls import Upstream
from ghlctl.reference.connections import PerCallConnections, PooledConnections
from ghlctl.reference.contact_cache import ContactCache
from ghlctl.reference.counters import Counters
from ghlctl.reference.insight import Analyst
from ghlctl.reference.pacing import Buckets
from ghlctl.reference.pipeline import Pipeline
from ghlctl.reference.population import population_in
from ghlctl.reference.profile import Cache, CircuitBreaker, Connections, Pacing, Profile, Writes
from ghlctl.reference.receiver import Receiver
from ghlctl.reference.settings import ReceiverSettings
from ghlctl.reference.storage import Leftover, Lock, prepare
from ghlctl.reference.verification import Verification
from ghlctl.reference.writers import GroupCommit, SingleWrites, Writer
from ghlctl.signing.catalogue import scheme_named
from ghlctl.transport.serving import listen, serve

__all__ = ["ReceiverSettings", "serve_receiver"]

ANSWER_WITHIN_S = 10
DRAIN_WITHIN_S = 10.0
KEEP_ALIVE_S = 75
LOG = logging.getLogger(__name__)


def serve_receiver(settings: ReceiverSettings, *, announce: Callable[[int], None]) -> None:
    """Serve until SIGTERM or SIGINT; port 0 takes a free one, `announce` is told which.

    Raise UsageError or KeyMaterialError for settings that cannot be served with.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    for noisy in ("uvicorn", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    profile, upstream_url, path = settings.profile, settings.upstream, settings.database_path
    scheme = scheme_named(settings.scheme)
    key = scheme.read_verifying_key(settings.key)
    also = tuple(map(scheme.read_verifying_key, settings.also_trusted))
    verification = Verification(scheme, key, profile.timestamp_window, also)
    population = _population(settings.state_dir)
    place = (settings.host, settings.port)
    with Lock(path), contextlib.closing(listen(*place, "the receiver")) as listening:
        leftovers = prepare(path)

        @contextlib.asynccontextmanager
        async def opening() -> AsyncIterator[Receiver]:
            writer = _writer(profile, path)
            analyst = Analyst(profile, population)
            counters = Counters()
            upstream = _upstream(profile, upstream_url, counters)
            cache = ContactCache() if profile.cache is Cache.MEMORY else None
            pipeline = Pipeline(profile, analyst, upstream, cache)
            receiver = Receiver(
                profile=profile,
                verification=verification,
                writer=writer,
                pipeline=pipeline,
                counters=counters,
                backlog_bound=settings.backlog,
            )
            try:
                async with _at_work(receiver, leftovers):
                    yield receiver
            finally:
                await upstream.connections.close()
                writer.close()
                analyst.close()

        serve(
            make_app(profile, opening),
            listening,
            announce,
            lifespan="on",
            timeout_graceful_shutdown=ANSWER_WITHIN_S,
        )


@contextlib.asynccontextmanager
async def _at_work(receiver: Receiver, leftovers: list[Leftover]) -> AsyncIterator[None]:
    """Work off what was acknowledged, now and until the end; what is left then stays stored."""
    receiver.recover(leftovers)
    receiver.backlog.start()
    try:
        yield
    finally:
        await receiver.settle()
        left = await receiver.backlog.drain(DRAIN_WITHIN_S)
        if left:
            LOG.warning("%d deliveries stay in the inbox for the next start", left)


def _writer(profile: Profile, path: Path) -> Writer:
    return SingleWrites(path) if profile.database_writes is Writes.SINGLE else GroupCommit(path)


def _upstream(profile: Profile, url: str, counters: Counters) -> Upstream:
    pooled = profile.upstream_connections is Connections.POOLED
    return Upstream(
        url,
        PooledConnections() if pooled else PerCallConnections(),
        counters,
        Breaker() if profile.circuit_breaker is CircuitBreaker.ON else None,
        Buckets() if profile.pacing is Pacing.BUCKET else None,
    )


def _population(folder: Path) -> Path:
    try:
        return population_in(folder)
    except OSError as error:
        raise UsageError(
            f"the state folder cannot be written: {error.strerror}", "name another with --state"
        ) from None
