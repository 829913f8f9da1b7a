"""The one place that brings checks, receiver, oracle and clock together."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from random import Random, SystemRandom
from urllib.parse import urlsplit

from ghlctl.audit import findings as written
from ghlctl.audit.canary import Footprint
from ghlctl.audit.catalogue import CHECKS, in_scope
from ghlctl.audit.controls import CLOCK, FIRST_CONTROL, LATER_CONTROL
from ghlctl.audit.courier import Courier
from ghlctl.audit.evidence import Censor, Shower, censor_of
from ghlctl.audit.given import given_by, keys_of, witness_of
from ghlctl.audit.grading import grade
from ghlctl.audit.hands import Hands
from ghlctl.audit.kit import Kit, people_of
from ghlctl.audit.lockstep import Lockstep
from ghlctl.audit.logs import Logs
from ghlctl.audit.receiver import AuditedReceiver, Bounds, Clock
from ghlctl.audit.recording import Recording, Setting, stored
from ghlctl.audit.script import Check
from ghlctl.audit.session import Judged, Session
from ghlctl.audit.strangers import stranger_to
from ghlctl.audit.summary import summary_of
from ghlctl.audit.watch import Watch
from ghlctl.model.delivery import Delivery
from ghlctl.model.finding import AuditSummary, Exchange, Finding
from ghlctl.model.run import SCHEMA_VERSION
from ghlctl.providers.catalogue import provider_named
from ghlctl.signing.catalogue import scheme_named
from ghlctl.signing.scheme import Request
from ghlctl.transport.address import place_of, shown_url
from ghlctl.transport.hearing import Heard, listening, on_this_machine
from ghlctl.transport.reach import Reach
from ghlctl.transport.readiness import SEED, usual_event_type
from ghlctl.transport.sendable import require_sendable

OnFinding = Callable[[Finding, tuple[Exchange, ...]], None]
"""Told of each finding as it is made, with all exchanges of its check: the transcript."""

OnRecording = Callable[[Setting | Recording], None]
"""Told once of the setting, then of each check that was asked."""


def run_audit(
    receiver: AuditedReceiver,
    *,
    scope: frozenset[str] | None = None,
    checks: tuple[Check, ...] | None = None,
    min_score: float | None = None,
    run: str = "",
    bounds: Bounds | None = None,
    clock: Clock | None = None,
    random: Random | None = None,
    on_finding: OnFinding = lambda _finding, _exchanges: None,
    on_recording: OnRecording = lambda _recording: None,
) -> AuditSummary:
    """Ask a receiver every check in scope; `score` is None when no control was accepted.

    `checks` are asked in place of those of the catalogue that are in scope.
    UsageError for unknown names, URLs or headers, KeyMaterialError for a key that does not fit,
    NotMeasuredError for an oracle that cannot be read at the start.
    """
    place_of(receiver.url)
    require_sendable(receiver.headers, signed=scheme_named(receiver.scheme).headers)
    checks = in_scope(scope) if checks is None else checks
    bounds, clock = bounds or Bounds(), clock or Clock()
    random = random or SystemRandom()
    found: list[Finding] = []
    with ExitStack() as open_things:
        reach = open_things.enter_context(Reach(timeout_s=receiver.timeout_s))
        local = on_this_machine(receiver.url)
        heard = open_things.enter_context(listening()) if local else None
        kit = kit_of(receiver, bounds, clock, random, listener=heard.address if heard else "")
        session, censor = _session(receiver, bounds, clock, reach, kit, heard)
        for finding, exchanges in _findings(session, checks, censor, on_recording):
            on_finding(finding, exchanges)
            found.append(finding)
    found = _in_order(found, checks)
    found += [written.skipped(check.about) for check in CHECKS if check not in checks]
    graded = grade(found, controlled=session.controlled)
    cautions = written.cautions(session, found, graded)
    return summary_of(
        found, graded, cautions, run=run, receiver=shown_url(receiver.url), min_score=min_score
    )


def _in_order(found: list[Finding], checks: tuple[Check, ...]) -> list[Finding]:
    """As the catalogue has them, between the first controls and the last."""
    places = {check.about.id: place for place, check in enumerate(checks)}
    first = [one for one in found if one.id in (FIRST_CONTROL.id, CLOCK.id)]
    asked = sorted((o for o in found if o.id in places), key=lambda one: places[one.id])
    last = [one for one in found if one.id == LATER_CONTROL.id]
    return [*first, *asked, *last]


def _session(
    receiver: AuditedReceiver,
    bounds: Bounds,
    clock: Clock,
    reach: Reach,
    kit: Kit,
    heard: Heard | None,
) -> tuple[Session, Censor]:
    logs = Logs(receiver.means.logs) if receiver.means.logs else None
    witness = witness_of(receiver, bounds, reach, logs, random=kit.random)
    watch = Watch(witness, bounds, clock, heard) if witness is not None else None
    courier = Courier(receiver, bounds, clock, reach)
    hands = Hands(receiver, bounds, clock, reach, courier, logs)
    query = urlsplit(receiver.url).query.encode()  # bare bytes are shown with their first line
    censor = censor_of((receiver.key, receiver.means.second_key, query), receiver.headers)
    lockstep = Lockstep(hands, watch, Shower(censor, shown_url(receiver.url), holds(kit)), heard)
    given = given_by(receiver, reach, listens=bool(kit.listener))
    kit = replace(kit, given=given)
    return Session(kit, lockstep, watch, given, hands.wait_for_log), censor


def kit_of(
    receiver: AuditedReceiver, bounds: Bounds, clock: Clock, random: Random, *, listener: str = ""
) -> Kit:
    """What checks are handed at the start; KeyMaterialError for keys that do not fit."""
    provider, scheme = provider_named(receiver.provider), scheme_named(receiver.scheme)
    keys = keys_of(receiver)
    means, people = receiver.means, people_of(provider, SEED)
    return Kit(
        scheme=scheme,
        key=keys.signing,
        stranger=stranger_to(keys.signing, scheme),
        people=people,
        source=people(SEED),
        event_type=receiver.event_type or usual_event_type(provider),
        now=clock.now,
        random=random,
        oracle=receiver.upstream_url is not None
        or any((means.probe_cmd, means.state_url, means.acted_pattern)),
        ledger=receiver.upstream_url is not None,
        largest_body_bytes=bounds.largest_body_bytes,
        footprint=Footprint(),
        extra=receiver.headers,
        request=Request("POST", receiver.url),
        provider=provider.name,
        second_key=keys.second,
        public=keys.public,
        public_text=keys.public_text,
        key_text=receiver.key or b"",
        second_key_text=means.second_key or b"",
        listener=listener,
        rate_limit_per_s=means.rate_limit_per_s,
        retention_days=means.retention_days,
        answer_within_s=bounds.answer_within_s,
        needed_fields=means.needed_fields,
    )


def _findings(
    session: Session, checks: tuple[Check, ...], censor: Censor, on_recording: OnRecording
) -> Iterator[tuple[Finding, tuple[Exchange, ...]]]:
    session.open()
    on_recording(_setting(session))
    yield written.first_control(session)
    yield written.clock(session)
    for judged in session.judge(checks):
        if judged.ran is not None:
            on_recording(_recording(judged, censor))
        yield written.finding(judged)
    on_recording(_setting(session))  # again, because only now the controls are all known
    yield written.later_controls(session)


def holds(kit: Kit) -> Callable[[Delivery, str, str, float], bool]:
    """Whether a request's signature is genuine; never so without the receiver's half of a key."""

    def held(delivery: Delivery, method: str, url: str, now: float) -> bool:
        if kit.public is None or not kit.scheme.headers:
            return False
        request = Request(method, url)
        rejection = kit.scheme.verify(
            delivery.body, delivery.headers, kit.public, now=now, tolerance=None, request=request
        )
        return rejection is None

    return held


def _setting(session: Session) -> Setting:
    kit = session.kit
    return Setting(
        schema_version=SCHEMA_VERSION,
        url=shown_url(kit.request.url),
        provider=kit.provider,
        scheme=kit.scheme.name,
        event_type=kit.event_type,
        has_key=kit.key is not None,
        oracle=kit.oracle,
        ledger=kit.ledger,
        listener=kit.listener,
        largest_body_bytes=kit.largest_body_bytes,
        by_reading=kit.footprint.by_reading,
        applied=kit.footprint.applied,
        multiplicity=kit.multiplicity,
        skew_s=kit.skew_s,
        controlled=session.controlled,
        rate_limit_per_s=kit.rate_limit_per_s,
        retention_days=kit.retention_days,
        needed_fields=kit.needed_fields,
        given=tuple(sorted(need.name for need in kit.given)),
    )


def _recording(judged: Judged, censor: Censor) -> Recording:
    ran = judged.ran
    assert ran is not None  # noqa: S101 - only what ran is recorded
    return Recording(
        check=judged.check.about.id,
        seed=ran.seed,
        times=ran.times,
        results=stored(ran.results, censor),
        outcome=ran.outcome,
        alive=ran.around.alive,
        late=ran.around.late,
        strays=ran.around.strays,
        stopped=ran.around.stopped,
    )
