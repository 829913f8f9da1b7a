"""The one place that brings checks, receiver, ledger and clock together."""

from collections.abc import Callable, Iterator
from random import Random, SystemRandom

from ghlctl.audit import findings as written
from ghlctl.audit.canary import Footprint
from ghlctl.audit.catalogue import CHECKS, in_scope
from ghlctl.audit.courier import Courier
from ghlctl.audit.evidence import censor_of
from ghlctl.audit.grading import ALGORITHM, LEAST_COVERAGE, grade
from ghlctl.audit.kit import Kit
from ghlctl.audit.lockstep import Lockstep
from ghlctl.audit.receiver import AuditedReceiver, Bounds, Clock
from ghlctl.audit.script import Check
from ghlctl.audit.session import Session
from ghlctl.audit.strangers import stranger_to
from ghlctl.audit.watch import Watch
from ghlctl.model.finding import AuditSummary, Exchange, Finding, Outcome
from ghlctl.model.run import SCHEMA_VERSION
from ghlctl.providers.catalogue import provider_named
from ghlctl.signing.catalogue import scheme_named
from ghlctl.signing.scheme import Request
from ghlctl.transport.address import place_of, shown_url
from ghlctl.transport.ledger import Ledger
from ghlctl.transport.reach import Reach
from ghlctl.transport.readiness import SEED, usual_event_type
from ghlctl.transport.sendable import require_sendable

_CONTACTS = 50  # their ids are replaced by canaries; only their variety is wanted

OnFinding = Callable[[Finding, tuple[Exchange, ...]], None]
"""Told of each finding as it is made, with all exchanges of its check: the transcript."""


def run_audit(
    receiver: AuditedReceiver,
    *,
    scope: frozenset[str] | None = None,
    min_score: float | None = None,
    run: str = "",
    bounds: Bounds | None = None,
    clock: Clock | None = None,
    random: Random | None = None,
    on_finding: OnFinding = lambda _finding, _exchanges: None,
) -> AuditSummary:
    """Ask a receiver every check in scope; `score` is None when no control was accepted.

    UsageError for unknown names, URLs or headers, KeyMaterialError for a key that does not fit,
    NotMeasuredError for an upstream that cannot be read at the start.
    """
    place_of(receiver.url)
    require_sendable(receiver.headers, signed=scheme_named(receiver.scheme).headers)
    checks = in_scope(scope)
    bounds, clock = bounds or Bounds(), clock or Clock()
    kit = _kit(receiver, bounds, clock, random or SystemRandom())
    found: list[Finding] = []
    with Reach(timeout_s=receiver.timeout_s) as reach:
        watch = _watch(receiver, bounds, clock, reach)
        courier = Courier(receiver, bounds, clock, reach)
        censor = censor_of(receiver.key, receiver.headers)
        lockstep = Lockstep(shown_url(receiver.url), courier, watch, censor, clock)
        session = Session(kit, lockstep, watch)
        for finding, exchanges in _findings(session, checks):
            on_finding(finding, exchanges)
            found.append(finding)
    found += [written.skipped(check.about) for check in CHECKS if check not in checks]
    return _summary(receiver, run, found, session, min_score)


def _kit(receiver: AuditedReceiver, bounds: Bounds, clock: Clock, random: Random) -> Kit:
    provider, scheme = provider_named(receiver.provider), scheme_named(receiver.scheme)
    key = None if receiver.key is None else scheme.read_signing_key(receiver.key)
    return Kit(
        scheme=scheme,
        key=key,
        stranger=stranger_to(key, scheme),
        source=provider.source(SEED, contacts=_CONTACTS),
        event_type=receiver.event_type or usual_event_type(provider),
        now=clock.now,
        random=random,
        oracle=receiver.upstream_url is not None,
        largest_body_bytes=bounds.largest_body_bytes,
        footprint=Footprint(),
        extra=receiver.headers,
        request=Request("POST", receiver.url),
    )


def _watch(receiver: AuditedReceiver, bounds: Bounds, clock: Clock, reach: Reach) -> Watch | None:
    if receiver.upstream_url is None:
        return None
    watch = Watch(Ledger(reach, receiver.upstream_url), bounds, clock)
    watch.look()  # skips what happened before this audit, and shows that there is a ledger
    return watch


def _findings(
    session: Session, checks: tuple[Check, ...]
) -> Iterator[tuple[Finding, tuple[Exchange, ...]]]:
    session.open()
    yield written.first_control(session)
    yield written.clock(session)
    for judged in session.judge(checks):
        yield written.finding(judged)
    yield written.later_controls(session)


def _summary(
    receiver: AuditedReceiver,
    run: str,
    found: list[Finding],
    session: Session,
    min_score: float | None,
) -> AuditSummary:
    graded = grade(found, controlled=session.controlled)
    outcomes = {finding.outcome for finding in found}
    looked = graded.coverage >= LEAST_COVERAGE and Outcome.ERROR not in outcomes
    clean = looked and Outcome.FAIL not in outcomes
    # The low score counts what was not decided as failed, so that a bound needs nothing more.
    enough = clean if min_score is None else (graded.low or 0.0) >= min_score
    return AuditSummary(
        schema_version=SCHEMA_VERSION,
        run=run,
        receiver=shown_url(receiver.url),
        score=graded.score,
        score_low=graded.low,
        score_high=graded.high,
        coverage=graded.coverage,
        grade=graded.letter,
        caps=graded.caps,
        counts=graded.counts,
        checks=tuple(found),
        cautions=written.cautions(session, found, graded),
        passed=graded.score is not None and enough,
        algorithm=ALGORITHM,
    )
