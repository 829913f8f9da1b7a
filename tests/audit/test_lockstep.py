"""Scripts side by side: waits are shared, and what is sent alone has nobody beside it."""

from dataclasses import dataclass, field, replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.driver import run_audit
from ghlctl.audit.kit import Kit
from ghlctl.audit.receiver import AuditedReceiver, Clock
from ghlctl.audit.script import Check, Need, Script, Verdict, observe, send, wait
from ghlctl.model.finding import Confidence, Outcome, Severity
from tests.audit.conftest import KEYS, QUICK, Serve
from tests.audit.receivers import Payload, Steps


@dataclass
class Diary:
    """What a receiver was asked and what scripts saw, in order."""

    lines: list[str] = field(default_factory=list)

    def keeping(self, steps: Steps) -> Steps:
        async def act(own: Steps, payload: Payload) -> None:
            self.lines.append(f"asked {payload.get('tags')}")
            await steps.act(own, payload)

        return replace(steps, act=act)


def check(name: str, script: object) -> Check:
    about = About(f"SIG-{name}", name, Topic.SIGNATURE, "t", Severity.LOW, "a", "c", "w", "r")
    return Check(about, script, frozenset({Need.KEY}))  # type: ignore[arg-type] # reason: scripts of these tests are generators


PASS = Verdict(Outcome.PASS, Confidence.HIGH, "done")


def test_what_is_sent_alone_has_nobody_beside_it(serve: Serve, upstream: str) -> None:
    diary = Diary()

    def loner(kit: Kit) -> Script:
        for _ in range(2):
            genuine = kit.genuine()
            payload = {**genuine.event.payload, "tags": ["alone"]}
            yield from send(kit.with_payload(genuine, payload), "alone", genuine.canary, alone=True)
            yield from observe(genuine.canary, alone=True)
            diary.lines.append("looked")
        return PASS

    def chatter(kit: Kit) -> Script:
        for _ in range(3):
            genuine = kit.genuine()
            payload = {**genuine.event.payload, "tags": ["chatter"]}
            yield from send(kit.with_payload(genuine, payload), "chatter", genuine.canary)
            yield from observe(genuine.canary, expected=True, settle=False)
        return PASS

    url = serve("ghl", diary.keeping)
    checks = (check("91", loner), check("92", chatter), check("93", chatter))
    audited = AuditedReceiver(url, key=KEYS["ghl"], upstream_url=upstream)
    run_audit(audited, checks=checks, bounds=QUICK)
    own = [line for line in diary.lines if line in ("asked ['alone']", "looked") or "chat" in line]
    assert own[-4:] == ["asked ['alone']", "looked", "asked ['alone']", "looked"]
    assert own[:-4] == ["asked ['chatter']"] * 6


def test_all_that_wait_wait_once(serve: Serve, upstream: str) -> None:
    slept: list[float] = []

    def patient(kit: Kit) -> Script:
        genuine = kit.genuine()
        yield from wait(0.01)
        yield from send(genuine.delivery, "late", genuine.canary)
        return PASS

    clock = Clock()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.sleep(seconds)

    checks = tuple(check(f"8{number}", patient) for number in range(5))
    audited = AuditedReceiver(serve("ghl"), key=KEYS["ghl"], upstream_url=upstream)
    summary = run_audit(audited, checks=checks, bounds=QUICK, clock=replace(clock, sleep=sleep))
    assert slept.count(0.01) == 1
    assert summary.score == 100.0
