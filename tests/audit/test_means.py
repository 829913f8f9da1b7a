"""What stands in for a ledger, and what else an audit may be given: used, bounded, controlled."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import fresh_canary
from ghlctl.audit.commands import run_command, words_of
from ghlctl.audit.driver import run_audit
from ghlctl.audit.kit import Kit
from ghlctl.audit.logs import Logs
from ghlctl.audit.needles import spellings
from ghlctl.audit.needs import Need, missing
from ghlctl.audit.receiver import AuditedReceiver, HookName, Means
from ghlctl.audit.script import (
    Check,
    Script,
    Verdict,
    ask_store,
    fail_upstream,
    hook,
    observe,
    read_source,
    search_logs,
    send,
    wait,
)
from ghlctl.audit.source import read_sources
from ghlctl.audit.steps import Needle
from ghlctl.errors import NotMeasuredError, UsageError
from ghlctl.model.finding import AuditSummary, Confidence, Finding, Outcome, Severity
from tests.audit.conftest import KEYS, QUICK, Audit, Serve
from tests.audit.flaws.signature import accepts_the_unsigned
from tests.audit.receivers import Payload, Steps
from tests.audit.street import Street

SIGNATURE = frozenset({"SIG-01"})
Change = Callable[[Steps], Steps]
Ask = Callable[..., Finding]


def found(summary: AuditSummary, check: str = "SIG-01") -> Finding:
    return next(one for one in summary.checks if one.id == check)


@pytest.fixture
def acted(tmp_path: Path) -> Path:
    """What a receiver without an upstream has done: one contact a line."""
    path = tmp_path / "acted"
    path.touch()
    return path


def writing(acted: Path) -> Change:
    def change(steps: Steps) -> Steps:
        async def act(_steps: Steps, payload: Payload) -> None:
            with acted.open("a") as file:
                file.write(f"scored {payload['id']} {payload['webhookId']}\n")

        return replace(steps, act=act)

    return change


def careless(acted: Path) -> Change:
    def change(steps: Steps) -> Steps:
        return accepts_the_unsigned(writing(acted)(steps))

    return change


PROBE = "import sys; text = open(sys.argv[1]).read(); sys.exit(0 if sys.argv[2] in text else 1)"


@pytest.fixture(params=["command", "state", "log"])
def means(request: pytest.FixtureRequest, acted: Path, street: Street) -> Means:
    match request.param:
        case "command":
            script = acted.with_name("probe.py")
            script.write_text(PROBE)
            return Means(probe_cmd=f"{sys.executable} {script} {acted} {{contact}}")
        case "state":

            def state(asked: Request) -> Response:
                contact = asked.path_params["contact"]
                there = contact in acted.read_text()
                return JSONResponse({"id": contact} if there else {}, 200 if there else 404)

            app = Starlette(routes=[Route("/contacts/{contact}", state)])
            return Means(state_url=street.app(app) + "/contacts/{contact}")
        case _:
            return Means(logs=(acted,), acted_pattern=r"^scored {contact} ")


def test_any_oracle_finds_what_a_status_would_not_tell(
    serve: Serve, audit: Audit, acted: Path, means: Means
) -> None:
    flawed = audit(serve("ghl", careless(acted)), upstream_url=None, means=means, scope=SIGNATURE)
    assert (found(flawed).outcome, found(flawed).confidence) == (
        Outcome.FAIL,
        Confidence.CONFIRMED,
    )
    correct = audit(serve("ghl", writing(acted)), upstream_url=None, means=means, scope=SIGNATURE)
    assert (found(correct).outcome, found(correct).confidence) == (
        Outcome.PASS,
        Confidence.CONFIRMED,
    )
    assert correct.score == 100.0


@pytest.mark.parametrize(
    ("means", "words"),
    [
        (Means(probe_cmd="true"), "never sent"),
        (Means(probe_cmd="false {canary"), ""),
        (Means(probe_cmd=f"{sys.executable} -c 'raise SystemExit(7)'"), "ended with 7"),
        (Means(probe_cmd="no-such-program-here"), "cannot be run"),
    ],
)
def test_an_oracle_that_tells_nothing_is_named_and_gives_no_score(
    serve: Serve, audit: Audit, means: Means, words: str
) -> None:
    url = serve("ghl")
    if not words:  # it never says that the receiver acted, not even on what is genuine
        blunt = replace(QUICK, act_within_s=0.1)
        summary = audit(url, upstream_url=None, means=means, scope=SIGNATURE, bounds=blunt)
        assert summary.score is None
        return
    with pytest.raises(NotMeasuredError, match=words):
        audit(url, upstream_url=None, means=means, scope=SIGNATURE)


@pytest.mark.parametrize(
    "means",
    [
        Means(state_url="http://127.0.0.1:1/state"),
        Means(acted_pattern="{contact}"),
        Means(logs=(Path("/nonexistent/log"),)),
        Means(probe_cmd="'"),
    ],
)
def test_means_that_make_no_sense_are_refused(serve: Serve, audit: Audit, means: Means) -> None:
    with pytest.raises(UsageError):
        audit(serve("ghl"), upstream_url=None, means=means, scope=SIGNATURE)


def test_a_command_is_bounded_in_time_and_output() -> None:
    assert run_command(["sleep", "30"], timeout_s=0.2).status is None
    ran = run_command([sys.executable, "-c", "print('x' * 5_000_000)"], timeout_s=30)
    assert len(ran.output) <= 1024 * 1024
    assert run_command(["echo", "$HOME; true"], timeout_s=5).output == b"$HOME; true\n"


def test_a_command_gets_the_mark_it_names_else_the_id() -> None:
    canary = fresh_canary(Random(1))
    assert words_of("probe --x", canary) == ["probe", "--x", canary.delivery_id]
    assert words_of("probe {email}", canary) == ["probe", canary.email]


def test_a_log_is_read_from_where_it_ended_and_over_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("before: secret\nlast\n")
    logs = Logs([log])
    needle = (Needle("secret", b"secret"),)
    assert logs.search(needle, seen=True).hits == ()
    with log.open("a") as file:
        file.write("after\nsecret here\n")
    hit = logs.search(needle, seen=True).hits[0]
    assert (hit.line, hit.content, hit.needle) == (4, b"secret here", "secret")
    assert logs.contains(["AFTER"])
    assert not logs.contains(["before"])
    log.rename(tmp_path / "app.log.1")
    log.write_text("a new file with a secret\n")
    assert [one.line for one in logs.search(needle, seen=True).hits] == [1]


def test_source_is_read_within_bounds_and_without_others_code(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("a = 1")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "x.js").write_text("no")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "notes.txt").write_text("no")
    source = read_sources(tmp_path)
    assert [(one.path, one.text) for one in source.files] == [("app.py", "a = 1")]
    with pytest.raises(UsageError):
        read_sources(tmp_path / "nowhere")


@pytest.mark.parametrize("need", list(Need))
def test_what_is_missing_is_named_with_the_line_that_gives_it(need: Need) -> None:
    said = missing([need])
    assert need.what in said
    assert "under" in said
    assert "--" in said


def asking(script: object, *needs: Need) -> Check:
    about = About("SIG-99", "tried", Topic.SIGNATURE, "t", Severity.LOW, "a", "c", "w", "r")
    return Check(about, script, frozenset(needs))  # type: ignore[arg-type] # reason: scripts of these tests are generators


@pytest.fixture
def ask(serve: Serve, upstream: str) -> Ask:
    """Run one check of a test's own through the whole driver."""

    def ask(check: Check, means: Means, change: Change = lambda steps: steps) -> Finding:
        audited = AuditedReceiver(
            serve("ghl", change), key=KEYS["ghl"], upstream_url=upstream, means=means
        )
        return found(run_audit(audited, checks=(check,), bounds=QUICK), check.about.id)

    return ask


def verdict(reason: object) -> Verdict:
    return Verdict(Outcome.PASS, Confidence.HIGH, str(reason))


def test_a_log_is_searched_once_its_control_is_in_it(ask: Ask, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.touch()

    def script(kit: Kit) -> Script:
        genuine = kit.genuine()
        yield from send(genuine.delivery, "genuine", genuine.canary)
        needles = spellings("id", genuine.canary.delivery_id)
        looked = yield from search_logs(needles, *genuine.canary.texts)
        return verdict(f"{looked.seen} {len(looked.hits)} {oct(looked.modes[0][1])}")

    check = asking(script, Need.KEY, Need.LOG)
    told = ask(check, Means(logs=(log,)), lambda steps: replace(steps, log=log))
    assert told.reason.startswith("True 1 0o6")
    wrong = tmp_path / "wrong.log"
    wrong.write_text("someone else's\n")
    told = ask(check, Means(logs=(wrong,)), lambda steps: replace(steps, log=log))
    assert told.outcome is Outcome.NOT_TESTED
    assert "not its log" in told.reason
    told = ask(check, Means())
    assert (told.outcome, "--log FILE" in told.reason) == (Outcome.NOT_TESTED, True)


def test_hooks_run_and_their_failures_are_told(ask: Ask, tmp_path: Path) -> None:
    mark = tmp_path / "restarted"

    def script(_kit: Kit) -> Script:
        ran = yield from hook(HookName.RESTART)
        return verdict(ran.failure or "ran")

    check = asking(script, Need.RESTART)
    assert check.apart
    assert ask(check, Means(hooks={HookName.RESTART: f"touch {mark}"})).reason == "ran"
    assert mark.exists()
    failing = Means(hooks={HookName.RESTART: f"{sys.executable} -c 'raise SystemExit(3)'"})
    assert "ended with 3" in ask(check, failing).reason


def test_a_store_is_searched_for_marks_and_needles(ask: Ask, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.touch()

    def change(steps: Steps) -> Steps:
        async def act(_steps: Steps, payload: Payload) -> None:
            with store.open("a") as file:
                file.write(json.dumps(payload) + "\n")
            await steps.act(_steps, payload)

        return replace(steps, act=act)

    def script(kit: Kit) -> Script:
        genuine = kit.genuine()
        yield from send(genuine.delivery, "genuine", genuine.canary)
        said = yield from ask_store(genuine.canary, *spellings("e-mail", genuine.canary.email))
        other = yield from ask_store(fresh_canary(kit.random))
        return verdict(f"{said.lines} {bool(said.held)} {other.lines}{other.failure}")

    means = Means(store_cmd=f"grep {{contact}} {store}")
    assert ask(asking(script, Need.KEY, Need.STORE), means, change).reason == "1 True 0"


def test_an_upstream_fails_on_command_for_one_canary(ask: Ask) -> None:
    def script(kit: Kit) -> Script:
        genuine = kit.genuine()
        yield from fail_upstream(genuine.canary, status=503)
        yield from send(genuine.delivery, "genuine", genuine.canary)
        yield from wait(0.05)
        seen = yield from observe(genuine.canary, expected=True)
        return verdict([line.status for line in seen.lines or ()])

    assert ask(asking(script, Need.KEY, Need.FAULTS), Means()).reason == "[503]"


def test_a_callback_is_heard_and_put_down_to_its_canary(ask: Ask) -> None:
    def change(steps: Steps) -> Steps:
        async def act(_steps: Steps, payload: Payload) -> None:
            if "avatar" in payload:
                async with aiohttp.ClientSession() as session, session.get(payload["avatar"]):
                    pass
            await steps.act(_steps, payload)

        return replace(steps, act=act)

    def script(kit: Kit) -> Script:
        genuine, other = kit.genuine(), kit.genuine()
        address = f"{kit.listener}/{genuine.canary.delivery_id}"
        payload = {**genuine.event.payload, "avatar": address}
        yield from send(kit.with_payload(genuine, payload), "with an address", genuine.canary)
        seen = yield from observe(genuine.canary)
        none = yield from observe(other.canary)
        return verdict(f"{[one.method for one in seen.callbacks]} {none.callbacks}")

    assert ask(asking(script, Need.KEY, Need.LISTENER), Means(), change).reason == "['GET'] ()"


def test_source_is_given_to_a_script(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_text("x")

    def script(_kit: Kit) -> Script:
        source = yield from read_source()
        return verdict([one.path for one in source.files])

    assert ask(asking(script, Need.SOURCE), Means(source=tmp_path)).reason == "['a.ts']"


def test_no_step_leads_to_another_host(ask: Ask) -> None:
    def script(kit: Kit) -> Script:
        genuine = kit.genuine()
        yield from send(genuine.delivery, "elsewhere", url="http://192.0.2.1/")
        return verdict("sent")

    with pytest.raises(ValueError, match="not the receiver's host"):
        ask(asking(script, Need.KEY), Means())
