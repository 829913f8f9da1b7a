"""A stored audit judged again by the checks as they are now, without any receiver."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

import msgspec

from ghlctl.audit.canary import Footprint
from ghlctl.audit.catalogue import CHECKS
from ghlctl.audit.grading import grade
from ghlctl.audit.judgement import Around, judged
from ghlctl.audit.kit import Kit, people_of
from ghlctl.audit.needs import Need
from ghlctl.audit.recording import Recording, Setting, restored
from ghlctl.audit.rehearsal import Drifted, fed
from ghlctl.audit.script import Check, Verdict
from ghlctl.audit.strangers import stranger_to
from ghlctl.audit.summary import summary_of
from ghlctl.model.finding import AuditSummary, Confidence, Finding, Outcome
from ghlctl.providers.catalogue import provider_named
from ghlctl.signing.catalogue import scheme_named
from ghlctl.signing.scheme import Request
from ghlctl.transport.readiness import SEED


def rejudge(
    summary: AuditSummary,
    setting: Setting,
    recordings: Sequence[Recording],
    *,
    min_score: float | None = None,
    checks: Sequence[Check] = CHECKS,
) -> AuditSummary:
    """The same findings with the verdicts of today's checks; evidence stays as it was stored."""
    kit = _kit(setting)
    by_id = {one.check: one for one in recordings}
    checks_by_id = {check.about.id: check for check in checks}
    found = [
        _again(finding, checks_by_id.get(finding.id), by_id.get(finding.id), kit)
        for finding in summary.checks
    ]
    graded = grade(found, controlled=setting.controlled)
    return summary_of(
        found,
        graded,
        summary.cautions,
        run=summary.run,
        receiver=summary.receiver,
        min_score=min_score,
    )


def _again(finding: Finding, check: Check | None, recording: Recording | None, kit: Kit) -> Finding:
    """What cannot be judged without the key, or was not asked, keeps its stored verdict."""
    if check is None or recording is None or check.reads_key:
        return finding
    verdict = _verdict(check, recording, kit)
    return msgspec.structs.replace(
        finding,
        title=check.about.title,
        outcome=verdict.outcome,
        severity=verdict.severity or check.about.severity,
        confidence=verdict.confidence,
        reason=verdict.reason,
        why=check.about.why,
        remedy=check.about.remedy,
        references=check.about.references,
        name=check.about.name,
    )


def _verdict(check: Check, recording: Recording, kit: Kit) -> Verdict:
    times = _times(recording)
    own = replace(kit.seeded(recording.seed), now=lambda: next(times))
    try:
        found = fed(check.script(own), map(restored, recording.results))
    except Drifted as drift:
        reason = f"cannot be judged again: the check asks differently now ({drift})"
        return Verdict(Outcome.ERROR, Confidence.HIGH, reason)
    around = Around(
        recording.alive,
        recording.late,
        recording.strays,
        kit.key is not None,
        recording.stopped or "what was recorded ends too early for the check as it is now",
    )
    return judged(found, around)


def _times(recording: Recording) -> Iterator[float]:
    """The moments that the script was told; the last one again and again where it asks for more."""
    yield from recording.times
    while True:
        yield recording.times[-1] if recording.times else 0.0


def _kit(setting: Setting) -> Kit:
    """Keys made now: nobody is sent what they sign."""
    scheme = scheme_named(setting.scheme)
    pair = scheme.generate()
    key = scheme.read_signing_key(pair.private) if setting.has_key else None
    people = people_of(provider_named(setting.provider), SEED)
    return Kit(
        scheme=scheme,
        key=key,
        stranger=stranger_to(key, scheme),
        people=people,
        source=people(SEED),
        event_type=setting.event_type,
        now=lambda: 0.0,
        random=Random(0),
        oracle=setting.oracle,
        largest_body_bytes=setting.largest_body_bytes,
        footprint=Footprint(setting.by_reading, setting.applied),
        skew_s=setting.skew_s,
        request=Request("POST", setting.url),
        provider=setting.provider,
        ledger=setting.ledger,
        multiplicity=setting.multiplicity,
        public=scheme.read_verifying_key(pair.public),
        listener=setting.listener,
        rate_limit_per_s=setting.rate_limit_per_s,
        retention_days=setting.retention_days,
        needed_fields=setting.needed_fields,
        given=frozenset(need for need in Need if need.name in setting.given),
    )
