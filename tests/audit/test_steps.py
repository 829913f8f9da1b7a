"""Each way of sending reaches a real receiver, and leaves its evidence and its effects."""

from collections.abc import Callable

import pytest

from ghlctl.audit.about import About, Topic
from ghlctl.audit.driver import run_audit
from ghlctl.audit.kit import Kit
from ghlctl.audit.raw import Line, chunked, dripping, head_of, said, whole
from ghlctl.audit.receiver import AuditedReceiver, Bounds, Means
from ghlctl.audit.script import (
    Check,
    Need,
    Script,
    Send,
    Verdict,
    burst,
    flood,
    observe,
    send,
    shake,
    talk,
    talk_all,
    timed,
)
from ghlctl.model.finding import AuditSummary, Confidence, Finding, Outcome, Severity
from ghlctl.transport.conversation import TlsOffer
from tests.audit.conftest import KEYS, QUICK, Serve

Ask = Callable[..., Finding]


def checked(script: Callable[[Kit], Script], *needs: Need) -> Check:
    about = About("SIG-99", "tried", Topic.SIGNATURE, "t", Severity.LOW, "a", "c", "w", "r")
    return Check(about, script, frozenset({Need.KEY, *needs}))


@pytest.fixture
def ask(serve: Serve, upstream: str) -> Ask:
    def ask(script: Callable[[Kit], Script], *, bounds: Bounds = QUICK) -> Finding:
        audited = AuditedReceiver(
            serve("ghl"), key=KEYS["ghl"], upstream_url=upstream, means=Means(timing=True)
        )
        summary: AuditSummary = run_audit(audited, checks=(checked(script),), bounds=bounds)
        return next(one for one in summary.checks if one.id == "SIG-99")

    return ask


def verdict(reason: object) -> Verdict:
    return Verdict(Outcome.PASS, Confidence.HIGH, str(reason))


def test_a_burst_of_copies_is_one_effect_at_a_correct_receiver(ask: Ask) -> None:
    def script(kit: Kit) -> Script:
        genuine = kit.genuine()
        answers = yield from burst(
            [Send(genuine.delivery, "copy", (genuine.canary,)) for _ in range(5)]
        )
        seen = yield from observe(genuine.canary, expected=True)
        effects = kit.footprint.effects(seen.of([genuine.canary]))
        return verdict(f"{len(answers)} {effects} {kit.multiplicity}")

    found = ask(script)
    assert found.reason == "5 1 1"
    assert [one.method for one in found.evidence] == ["POST"] * 5
    assert sum(len(one.effects) for one in found.evidence) == 1
    assert all(one.signed for one in found.evidence)


def test_a_flood_keeps_its_rate_and_is_not_patient(ask: Ask) -> None:
    def script(kit: Kit) -> Script:
        genuine = [kit.genuine() for _ in range(20)]
        answers = yield from flood(
            [Send(kit.unsigned(one), "unsigned", (one.canary,)) for one in genuine], per_s=100.0
        )
        return verdict({getattr(one, "status", 0) for one in answers})

    found = ask(script)
    assert found.reason == "{401}"
    assert not any(one.signed for one in found.evidence)


def test_bare_bytes_are_taken_for_what_they_are(ask: Ask) -> None:
    def script(kit: Kit) -> Script:
        genuine, slow, twice, other = (kit.genuine() for _ in range(4))
        head = head_of(kit, genuine.delivery, Line(length=""), ("Transfer-Encoding", "chunked"))
        first = yield from talk(
            said(head + chunked(genuine.delivery.body, 100), "in chunks", genuine.canary)
        )
        drops = dripping(whole(kit, slow.delivery), 0.01, size=400)
        doubled = whole(kit, twice.delivery, Line(), ("X-GHL-Signature", "other"))
        talked = yield from talk_all(
            [said(drops, "slowly", slow.canary), said(doubled, "two headers", twice.canary)],
            [Send(other.delivery, "meanwhile", (other.canary,))],
            after_s=0.02,
        )
        seen = yield from observe(genuine.canary, slow.canary, other.canary, expected=True)
        acted = [bool(seen.of([one.canary])) for one in (genuine, slow, other)]
        return verdict(f"{first.text} {talked.conversations[0].text} {acted}")

    found = ask(script)
    assert found.reason == "answered 200 answered 200 [True, True, True]"
    assert [one.method for one in found.evidence] == ["RAW", "RAW", "RAW", "POST"]
    assert "X-GHL-Signature" in found.evidence[0].body


def test_other_methods_and_paths_of_the_same_host_are_asked(ask: Ask) -> None:
    def script(kit: Kit) -> Script:
        genuine = kit.genuine()
        put = yield from send(genuine.delivery, "put", genuine.canary, method="PUT")
        away = kit.request.url.rpartition("/webhooks")[0] + "/docs"
        docs = yield from send(genuine.delivery, "docs", method="GET", url=away)
        return verdict(f"{getattr(put, 'status', 0)} {getattr(docs, 'status', 0)}")

    found = ask(script)
    assert found.reason == "405 404"
    assert [one.method for one in found.evidence] == ["PUT", "GET"]
    assert found.evidence[1].url.endswith("/docs")


def test_timed_requests_are_counted_apart(ask: Ask) -> None:
    def script(kit: Kit) -> Script:
        times = yield from timed([kit.unsigned(kit.genuine())] * 30, "timed")
        return verdict(f"{set(times.statuses)} {min(times.first_byte_ns) > 0}")

    assert ask(script).reason == "{401} True"
    few = Bounds(settle_s=0.1, requests_per_s=1000.0, timed_requests=10)
    stopped = ask(script, bounds=few)
    assert stopped.outcome is Outcome.ERROR
    assert "10 timed requests" in stopped.reason


def test_a_handshake_with_plain_http_fails_and_says_so(ask: Ask) -> None:
    def script(_kit: Kit) -> Script:
        shaken = yield from shake(TlsOffer())
        odd = yield from shake(TlsOffer(ciphers="NO-SUCH-CIPHER"))
        return verdict(f"{shaken.version!r} {bool(shaken.failure)} {odd.unable}")

    assert ask(script).reason == "'' True True"


def test_too_many_connections_at_once_are_a_mistake_of_the_check(ask: Ask) -> None:
    def script(kit: Kit) -> Script:
        genuine = kit.genuine()
        yield from burst([Send(genuine.delivery, "copy", (genuine.canary,))] * 65)
        return verdict("sent")

    with pytest.raises(ValueError, match="64 allowed"):
        ask(script)
