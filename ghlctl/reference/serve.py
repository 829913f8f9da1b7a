"""Runs the reference receiver until it is told to stop."""

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ghlctl.errors import UsageError
from ghlctl.reference.app import make_app
from ghlctl.reference.breaker import Breaker
from ghlctl.reference.bulk import BulkTags
from ghlctl.reference.calls import Upstream
from ghlctl.reference.compliance import application_log
from ghlctl.reference.compliance.audit_log import AuditLog
from ghlctl.reference.compliance.conduct import Conduct
from ghlctl.reference.compliance.consent import Rule
from ghlctl.reference.compliance.journal import Journal
from ghlctl.reference.compliance.pseudonyms import Pseudonyms, key_in
from ghlctl.reference.compliance.recorded_storage import RecordedStorage
from ghlctl.reference.compliance.settings import AUDIT_LOG
from ghlctl.reference.connections import PerCallConnections, PooledConnections
from ghlctl.reference.contact_cache import CacheStore, ContactCache
from ghlctl.reference.counters import Counters
from ghlctl.reference.gate import HEADERS
from ghlctl.reference.housekeeping import Housekeeping
from ghlctl.reference.inference import Inference
from ghlctl.reference.insight import Analyst
from ghlctl.reference.memory_cache import MemoryCache
from ghlctl.reference.pacing import Buckets
from ghlctl.reference.pipeline import Pipeline
from ghlctl.reference.population import population_in
from ghlctl.reference.profile import (
    Answers,
    AuditLogging,
    Cache,
    CircuitBreaker,
    Connections,
    Consent,
    Erasure,
    KeyReload,
    LogRedaction,
    Pacing,
    Profile,
    Updates,
    Wire,
    Writes,
)
from ghlctl.reference.receiver import Receiver
from ghlctl.reference.screening import Screening
from ghlctl.reference.settings import ReceiverSettings
from ghlctl.reference.sqlite_storage import sqlite_database
from ghlctl.reference.storage import Storage
from ghlctl.reference.tokens import NamedTokens, OAuthTokens
from ghlctl.reference.trust import KeyRing, watch
from ghlctl.reference.verification import Verification
from ghlctl.reference.wire import bounded_http
from ghlctl.signing.catalogue import scheme_named
from ghlctl.transport.serving import listen, serve

__all__ = ["ReceiverSettings", "serve_receiver"]

ANSWER_WITHIN_S = 10
DRAIN_WITHIN_S = 10.0
KEEP_ALIVE_S = 75
LOG = logging.getLogger(__name__)


def serve_receiver(
    settings: ReceiverSettings,
    *,
    announce: Callable[[int], None],
    listening: socket.socket | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; port 0 takes a free one, `announce` is told which.

    With `listening` it serves there. Raise UsageError or KeyMaterialError for settings that cannot
    be served with.
    """
    if settings.profile.log_redaction is LogRedaction.ON:
        application_log.configure()
    else:
        plain = "%(levelname)s %(message)s"
        logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=plain)
    for noisy in ("uvicorn", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    profile, upstream_url = settings.profile, settings.upstream
    scheme = scheme_named(settings.scheme)
    ring = KeyRing(scheme.read_verifying_key, settings.trusted())
    verification = Verification(scheme, ring, profile.timestamp_window)
    cache_store = _cache_store(settings)
    erases = profile.erasure is Erasure.EVERYWHERE
    consent = Rule(profile.consent is Consent.HONOURED, settings.opt_out_fields)
    population = _population(settings.state_dir)
    with contextlib.ExitStack() as held:
        opened = held.enter_context(_database(settings))
        place = listening or listen(settings.host, settings.port, "the receiver")
        held.enter_context(contextlib.closing(place))
        journal = held.enter_context(_journal(settings))

        @contextlib.asynccontextmanager
        async def opening() -> AsyncIterator[Receiver]:
            counters = Counters()
            async with contextlib.AsyncExitStack() as parts:
                storage = await opened(profile.database_writes)
                parts.push_async_callback(storage.close)
                if journal.log is not None:
                    storage = RecordedStorage(storage, journal.log)
                inference = Inference(profile, Analyst(profile, population))
                parts.callback(inference.close)
                upstream = _upstream(profile, upstream_url, counters, oauth=settings.oauth)
                parts.push_async_callback(upstream.connections.close)
                cache = ContactCache(cache_store(counters), counters) if cache_store else None
                if cache is not None:
                    parts.push_async_callback(cache.close)
                tags = BulkTags(upstream) if profile.upstream_updates is Updates.BULK else None
                pipeline = Pipeline(profile, inference, upstream, cache, tags, consent)
                conduct = Conduct(pipeline, storage, cache, journal, consent, erases)
                receiver = Receiver(
                    profile=profile,
                    verification=verification,
                    storage=storage,
                    conduct=conduct,
                    counters=counters,
                    screening=Screening(profile, settings.tenants),
                )
                housekeeping = Housekeeping(storage, receiver, conduct)
                async with _at_work(receiver, housekeeping), _keys_watched(settings, ring):
                    yield receiver

        serve(
            make_app(profile, opening, settings.health_token),
            place,
            announce,
            lifespan="on",
            timeout_graceful_shutdown=ANSWER_WITHIN_S,
            **_hardening(profile),
        )


def _hardening(profile: Profile) -> dict[str, Any]:
    """What uvicorn itself is told, so that it holds for its own answers too."""
    options: dict[str, Any] = {}
    if profile.answers is Answers.GUARDED:
        options["headers"] = HEADERS
    if profile.wire is Wire.BOUNDED:
        options["http"] = bounded_http()
        # What it warns of is what strangers send: they could write lines as many as they like.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    return options


@contextlib.asynccontextmanager
async def _keys_watched(settings: ReceiverSettings, ring: KeyRing) -> AsyncIterator[None]:
    source = settings.key_source
    if source is None or settings.profile.key_reload is KeyReload.AT_START:
        yield
        return
    watching = asyncio.create_task(watch(ring, source))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])


@contextlib.asynccontextmanager
async def _at_work(receiver: Receiver, housekeeping: Housekeeping) -> AsyncIterator[None]:
    """Work off what was acknowledged, now and until the end; what is left then stays stored."""
    receiver.recover(await housekeeping.storage.adopt())
    receiver.backlog.start()
    house = asyncio.create_task(housekeeping.keep_house())
    try:
        yield
    finally:
        house.cancel()
        await asyncio.wait([house])
        await receiver.settle()
        left = await receiver.backlog.drain(DRAIN_WITHIN_S)
        if left:
            LOG.warning("%d deliveries stay in the inbox for the next start", left)


@contextlib.contextmanager
def _journal(settings: ReceiverSettings) -> Iterator[Journal]:
    """Its log is the last to be closed; where it then stands is said, to be kept elsewhere."""
    key = settings.compliance_key or key_in(settings.state_dir)
    names = Pseudonyms(key.pseudonyms)
    if settings.profile.audit_log is AuditLogging.OFF:
        yield Journal(None, names, settings.scheme)
        return
    log = AuditLog(settings.audit_log or settings.state_dir / AUDIT_LOG, key.chain)
    try:
        yield Journal(log, names, settings.scheme)
    finally:
        log.close()
        LOG.info("the audit log ends at %s", log.head)


def _database(
    settings: ReceiverSettings,
) -> AbstractContextManager[Callable[[Writes], Awaitable[Storage]]]:
    if settings.postgres_url is None:
        return sqlite_database(settings.sqlite_path, settings.profile.deletion)
    try:
        from ghlctl.reference.postgres_storage import postgres_database  # noqa: PLC0415 - optional
    except ModuleNotFoundError:
        raise UsageError(
            "PostgreSQL needs an optional part", "pip install 'ghlctl[postgres]'"
        ) from None
    return postgres_database(settings.postgres_url, settings.profile.deletion)


def _cache_store(settings: ReceiverSettings) -> Callable[[Counters], CacheStore] | None:
    if settings.profile.cache is Cache.MEMORY:
        return lambda _: MemoryCache()
    url = settings.redis_url
    if url is None:
        return None
    try:
        from ghlctl.reference.redis_cache import RedisCache, check_url  # noqa: PLC0415 - optional
    except ModuleNotFoundError:
        raise UsageError("Redis needs an optional part", "pip install 'ghlctl[redis]'") from None
    place = check_url(url)
    return lambda counters: RedisCache(place, counters)


def _upstream(profile: Profile, url: str, counters: Counters, *, oauth: bool) -> Upstream:
    pooled = profile.upstream_connections is Connections.POOLED
    connections = PooledConnections() if pooled else PerCallConnections()
    return Upstream(
        url,
        connections,
        counters,
        Breaker() if profile.circuit_breaker is CircuitBreaker.ON else None,
        Buckets() if profile.pacing is Pacing.BUCKET else None,
        OAuthTokens(url, connections) if oauth else NamedTokens(),
    )


def _population(folder: Path) -> Path:
    try:
        return population_in(folder)
    except OSError as error:
        raise UsageError(
            f"the state folder cannot be written: {error.strerror}", "name another with --state"
        ) from None
