"""Scripts side by side: waits are shared, and what is sent alone has nobody beside it."""

from dataclasses import dataclass, field, replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.driver import run_audit
from ghlctl.audit.kit import Kit
from ghlctl.audit.receiver import AuditedReceiver, Clock
from ghlctl.audit.script import Check, Need, Script, Send, Verdict, observe, send, share, wait
from ghlctl.audit.steps import Heard
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


def test_what_several_ask_alike_is_sent_once_and_told_to_all(serve: Serve, upstream: str) -> None:
    diary = Diary()
    heard: list[Heard] = []

    def curious(kit: Kit) -> Script:
        for number in range(2):
            genuine = [kit.genuine() for _ in range(2)]
            sends = [Send(one.delivery, "shared", (one.canary,)) for one in genuine]
            told = yield from share(f"the same {number}", sends)
            heard.append(told)
        seen = yield from observe(*(canary for some in told.canaries for canary in some))
        return replace(PASS, reason=f"{len(seen.lines or ())} acts", proof=told.canaries[0])

    checks = tuple(check(f"7{number}", curious) for number in range(3))
    audited = AuditedReceiver(serve("ghl", diary.keeping), key=KEYS["ghl"], upstream_url=upstream)
    summary = run_audit(audited, checks=checks, bounds=QUICK)
    controls = 4  # three before the checks, one after
    assert len(diary.lines) == controls + 4
    numbers = [[one for one in heard if one.canaries == told.canaries] for told in heard]
    assert all(len(alike) == len(checks) for alike in numbers)
    found = [one for one in summary.checks if one.id.startswith("SIG-7")]
    assert [one.reason for one in found] == ["2 acts"] * 3
    assert all(len(one.evidence) == 1 and one.evidence[0].effects for one in found)
