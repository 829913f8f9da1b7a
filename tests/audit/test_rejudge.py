"""A stored audit is judged again by its checks, without any receiver."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from ghlctl.audit.catalogue import CHECKS
from ghlctl.audit.driver import run_audit
from ghlctl.audit.kit import Kit
from ghlctl.audit.receiver import AuditedReceiver, Means
from ghlctl.audit.recording import Recording, Setting
from ghlctl.audit.rejudge import rejudge
from ghlctl.audit.script import Check, Script, observe
from ghlctl.audit.summary import against
from ghlctl.model.finding import AuditSummary, Finding, Outcome
from tests.audit.conftest import KEYS, QUICK, Serve
from tests.audit.flaws.replay import forgets_every_id
from tests.audit.flaws.signature import accepts_the_unsigned
from tests.audit.receivers import Steps

Stored = tuple[AuditSummary, Setting, list[Recording]]


@pytest.fixture
def stored(serve: Serve, upstream: str) -> Callable[[Callable[[Steps], Steps]], Stored]:
    def stored(change: Callable[[Steps], Steps]) -> Stored:
        kept: list[Setting | Recording] = []
        audited = AuditedReceiver(
            serve("hmac-timestamp", change),
            scheme="hmac-timestamp",
            key=KEYS["hmac-timestamp"],
            upstream_url=upstream,
            means=Means(intrusive=True),
        )
        summary = run_audit(audited, bounds=QUICK, on_recording=kept.append)
        again = [
            msgspec.json.decode(msgspec.json.encode(one), type=type(one)) for one in kept
        ]  # as from disk
        settings = [one for one in again if isinstance(one, Setting)]
        return summary, settings[-1], [one for one in again if isinstance(one, Recording)]

    return stored


def of(summary: AuditSummary, check: str) -> Finding:
    return next(one for one in summary.checks if one.id == check)


def test_a_stored_audit_comes_to_the_same_verdicts(
    stored: Callable[[Callable[[Steps], Steps]], Stored],
) -> None:
    summary, setting, recordings = stored(
        lambda steps: forgets_every_id(accepts_the_unsigned(steps))
    )
    assert of(summary, "RPL-05").outcome is Outcome.FAIL
    again = rejudge(summary, setting, recordings)
    assert [(one.id, one.outcome, one.reason) for one in again.checks] == [
        (one.id, one.outcome, one.reason) for one in summary.checks
    ]
    assert (again.score, again.caps, again.grade) == (summary.score, summary.caps, summary.grade)
    known = KEYS["hmac-timestamp"].decode().strip()
    assert known not in repr(recordings)


def test_a_check_that_judges_otherwise_now_judges_so(
    stored: Callable[[Callable[[Steps], Steps]], Stored],
) -> None:
    summary, setting, recordings = stored(lambda steps: steps)

    def stricter(check: Check) -> Check:
        def script(kit: Kit) -> Script:
            verdict = yield from check.script(kit)
            return replace(verdict, outcome=Outcome.WARN)

        return replace(check, script=script)

    changed = tuple(stricter(one) if one.about.id == "SIG-04" else one for one in CHECKS)
    again = rejudge(summary, setting, recordings, checks=changed)
    assert of(again, "SIG-04").outcome is Outcome.WARN
    assert of(again, "SIG-03").outcome is Outcome.PASS
    assert again.score is not None
    assert summary.score is not None
    assert again.score < summary.score


def test_a_check_that_asks_otherwise_now_is_an_error_and_no_verdict(
    stored: Callable[[Callable[[Steps], Steps]], Stored],
) -> None:
    summary, setting, recordings = stored(lambda steps: steps)

    def asks_more(check: Check) -> Check:
        def script(kit: Kit) -> Script:
            yield from observe()
            return (yield from check.script(kit))

        return replace(check, script=script)

    changed = tuple(asks_more(one) if one.about.id == "SIG-04" else one for one in CHECKS)
    drifted = of(rejudge(summary, setting, recordings, checks=changed), "SIG-04")
    assert drifted.outcome is Outcome.ERROR
    assert "asks differently now" in drifted.reason
    cut = [msgspec.structs.replace(one, results=one.results[:1]) for one in recordings]
    assert of(rejudge(summary, setting, cut), "SIG-04").outcome is Outcome.ERROR


def test_a_failure_known_from_before_does_not_fail_again_and_raises_no_score(
    stored: Callable[[Callable[[Steps], Steps]], Stored],
) -> None:
    before, _, _ = stored(accepts_the_unsigned)
    before = msgspec.structs.replace(before, run="first")
    failed = tuple(one.id for one in before.checks if one.outcome is Outcome.FAIL)
    assert "SIG-01" in failed
    same = against(before, before)
    assert (same.passed, same.known, same.baseline) == (True, failed, "first")
    assert same.score == before.score
    worse, _, _ = stored(lambda steps: forgets_every_id(accepts_the_unsigned(steps)))
    new = against(worse, before)
    assert (new.passed, new.known) == (False, failed)
