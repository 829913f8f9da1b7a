"""Records, consent and retention: what the matrix of flaws cannot be given."""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ghlctl.audit.ages import ages_in
from ghlctl.audit.checks import (
    compliance_consent,
    compliance_forgery,
    compliance_policy,
    compliance_records,
    compliance_refusals,
)
from ghlctl.audit.driver import run_audit
from ghlctl.audit.logs import Logs
from ghlctl.audit.messages import channel_of, speaks
from ghlctl.audit.needles import spellings
from ghlctl.audit.receiver import AuditedReceiver, Means
from ghlctl.audit.script import Check
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Finding, Outcome, Severity
from tests.audit.conftest import KEYS, QUICK, Serve
from tests.audit.flaws.compliance import as_escaped_text, messenger, recording
from tests.audit.receivers import Steps

Change = Callable[[Steps], Steps]
Ask = Callable[..., dict[str, Finding]]
DAY_S = 86400.0


@pytest.fixture
def ask(serve: Serve, upstream: str) -> Ask:
    def ask(*checks: Check, means: Means, change: Change = lambda s: s) -> dict[str, Finding]:
        audited = AuditedReceiver(
            serve("ghl", change), key=KEYS["ghl"], upstream_url=upstream, means=means
        )
        summary = run_audit(audited, checks=checks, bounds=QUICK)
        return {one.id: one for one in summary.checks}

    return ask


def test_a_log_of_text_is_a_record_too(ask: Ask, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.touch(mode=0o640)
    found = ask(
        compliance_records.INCOMPLETE_RECORD,
        compliance_forgery.FORGED_LINE,
        compliance_refusals.UNRECORDED_REFUSAL,
        means=Means(logs=(log,)),
        change=lambda steps: recording(as_escaped_text)(replace(steps, log=log)),
    )
    asked = {name: found[name].outcome for name in ("PRV-06", "PRV-07", "PRV-08")}
    assert set(asked.values()) == {Outcome.PASS}, asked


def test_a_receiver_that_heeds_a_refusal_passes(ask: Ask) -> None:
    checks = (compliance_consent.IGNORED_REFUSAL, compliance_consent.LASTING_REFUSAL)
    found = ask(*checks, means=Means(), change=messenger())
    assert {found[one.about.id].outcome for one in checks} == {Outcome.PASS}
    silent = ask(*checks, means=Means())
    assert {silent[one.about.id].outcome for one in checks} == {Outcome.NOT_APPLICABLE}


@pytest.mark.parametrize(
    ("age_days", "outcome"), [(1, Outcome.PASS), (30.5, Outcome.PASS), (40, Outcome.FAIL)]
)
def test_records_are_not_older_than_was_declared(
    ask: Ask, age_days: float, outcome: Outcome
) -> None:
    command = f"echo {time.time() - age_days * DAY_S:.0f}"
    means = Means(oldest_cmd=command, retention_days=30)
    assert ask(compliance_policy.KEPT_TOO_LONG, means=means)["PRV-12"].outcome is outcome


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("true", "printed nothing"),
        ("echo yesterday", "printed 'yesterday'"),
        (f"{sys.executable} -c 'raise SystemExit(3)'", "ended with 3"),
        ("echo 2999-01-01", "still to come"),
    ],
)
def test_an_age_that_nobody_told_decides_nothing(ask: Ask, command: str, words: str) -> None:
    means = Means(oldest_cmd=command, retention_days=30)
    told = ask(compliance_policy.KEPT_TOO_LONG, means=means)["PRV-12"]
    assert (told.outcome, words in told.reason) == (Outcome.INCONCLUSIVE, True), told.reason


def test_what_no_request_can_show_weighs_nothing(ask: Ask) -> None:
    told = ask(compliance_policy.ON_PAPER, means=Means())["PRV-16"]
    assert (told.outcome, told.severity) == (Outcome.MANUAL, Severity.INFO)


def test_times_are_read_in_any_usual_writing() -> None:
    lines = [b"1700000000", b"1700000000000", b"2023-11-14T22:13:20Z", b'"2023-11-14 22:13:20"']
    assert ages_in(lines).times == (1.7e9,) * 4
    assert ages_in([b"2"]).times == (2.0,)
    assert ages_in([b"\xff\x1b[2J"]).failure


def line(method: str, path: str, body: str = "{}") -> LedgerEntry:
    return LedgerEntry(1, 0, method, path, 200, True, body=body)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/conversations/messages", True),
        ("/contacts/abc/workflow/def", True),
        ("/v1/sms", True),
        ("/send-email", True),
        ("/contacts/abc/notes", False),
        ("/conversations/messages/inbound", False),
        ("/contacts/abc", False),
    ],
)
def test_calls_that_speak_to_a_person(path: str, said: bool) -> None:
    assert speaks(line("POST", path)) is said
    assert not speaks(line("GET", path))


def test_a_channel_is_told_by_body_or_path() -> None:
    assert channel_of(line("POST", "/conversations/messages", '{"type": "SMS"}')) == "SMS"
    assert channel_of(line("POST", "/v1/email", "no JSON")) == "Email"
    assert channel_of(line("POST", "/messages", "[]")) == ""


def test_a_log_is_searched_from_where_an_earlier_look_ended(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text("before\n")
    logs = Logs([path])
    with path.open("a") as log:
        log.write("one word\n")
    needles = spellings("it", "word")
    first = logs.search(needles, seen=True)
    with path.open("a") as log:
        log.write("two words\nthree\n")
    later = logs.search(needles, seen=True, beyond=first.ends)
    assert ([hit.line for hit in first.hits], [hit.line for hit in later.hits]) == ([2], [3])
    assert (first.lines, later.lines) == (1, 2)
    path.rename(tmp_path / "app.log.1")
    path.write_text("a new word\n")
    assert [hit.line for hit in logs.search(needles, seen=True, beyond=first.ends).hits] == [1]
