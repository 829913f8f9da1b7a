"""Where personal details get to: what the matrix of flaws cannot be given."""

import json
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ghlctl.audit.checks import privacy_flows, privacy_logs, privacy_rights
from ghlctl.audit.driver import kit_of, run_audit
from ghlctl.audit.person import about, somebody, told_in
from ghlctl.audit.receiver import AuditedReceiver, Bounds, Clock, Means
from ghlctl.audit.script import Check
from ghlctl.model.finding import Finding, Outcome
from tests.audit.conftest import KEYS, QUICK, Serve
from tests.audit.flaws.privacy import hands_details_on, loose
from tests.audit.receivers import Payload, Steps, write
from tests.audit.street import Street

Change = Callable[[Steps], Steps]
Ask = Callable[..., Finding]


@pytest.fixture
def ask(serve: Serve, upstream: str) -> Ask:
    """One check, asked of a receiver that some function made from a correct one."""

    def ask(check: Check, means: Means, change: Change = lambda s: s, url: str = "") -> Finding:
        audited = AuditedReceiver(
            url or serve("ghl", change), key=KEYS["ghl"], upstream_url=upstream, means=means
        )
        summary = run_audit(audited, checks=(check,), bounds=QUICK)
        return next(one for one in summary.checks if one.id == check.about.id)

    return ask


def test_people_are_made_up_and_tell_apart() -> None:
    kit = kit_of(
        AuditedReceiver("http://127.0.0.1:1/", key=KEYS["ghl"]),
        Bounds(),
        Clock(now=lambda: 1.7e9),
        Random(1),
    )
    one, other = somebody(kit), somebody(kit)
    texts = [
        {text for detail in person.details for text in detail.texts} for person in (one, other)
    ]
    assert not texts[0] & texts[1]
    payload = about(kit, one).event.payload
    assert {detail.name for detail in told_in(payload, one).details} == {
        detail.name for detail in one.details
    }
    assert told_in(payload, other).details == ()
    card = next(detail for detail in one.details if detail.name == "card number").texts[0]
    digits = [int(digit) for digit in card]
    luhn = sum(sum(divmod(d * (2 - at % 2), 10)) for at, d in enumerate(digits))
    assert (len(card), luhn % 10) == (16, 0)


@pytest.mark.parametrize(
    ("echo", "outcome"),
    [
        (lambda payload: {"received": payload.get("id")}, Outcome.PASS),
        (lambda payload: {"received": payload}, Outcome.FAIL),
        (lambda payload: {"to": str(payload.get("phone"))[2:]}, Outcome.FAIL),
    ],
    ids=["id", "payload", "phone"],
)
def test_details_in_a_reply_are_found(
    ask: Ask, street: Street, upstream: str, echo: Callable[[Payload], Payload], outcome: Outcome
) -> None:
    async def webhook(request: Request) -> Response:
        try:
            payload = json.loads(await request.body())
        except ValueError:
            return JSONResponse({"error": "no JSON"}, 400)
        steps = Steps(None, b"", upstream)  # type: ignore[arg-type] # reason: nothing is verified here
        if isinstance(payload.get("locationId"), str):
            await write(steps, payload)
        return JSONResponse(echo(payload))

    url = street.app(Starlette(routes=[Route("/", webhook, methods=["POST"])])) + "/"
    assert ask(privacy_flows.DETAILS_IN_REPLY, Means(), url=url).outcome is outcome


def test_details_that_are_needed_may_be_handed_on(ask: Ask) -> None:
    check = privacy_flows.NEEDLESS_DETAILS
    assert ask(check, Means(), hands_details_on).outcome is Outcome.WARN
    needed = Means(needed_fields=("dateOfBirth", "address1", "card number"))
    told = ask(check, needed, hands_details_on)
    assert (told.outcome, "declared" in told.reason) == (Outcome.PASS, True)


def keeping(path: Path, *, erases: bool, corrects: bool = True) -> Change:
    """Keeps contacts in a database, as many receivers do."""

    def change(steps: Steps) -> Steps:
        async def act(steps: Steps, payload: Payload) -> None:
            with sqlite3.connect(path) as database:
                database.execute("CREATE TABLE IF NOT EXISTS people (id TEXT PRIMARY KEY, told)")
                contact = payload.get("contactId") or payload["id"]
                if payload["type"] == "ContactDelete" and erases:
                    database.execute("UPDATE people SET told = 'gone' WHERE id = ?", [contact])
                elif payload["type"] == "ContactCreate" or corrects:
                    told = json.dumps(payload)
                    database.execute("INSERT OR REPLACE INTO people VALUES (?, ?)", [contact, told])
            database.close()
            await write(steps, payload)

        return replace(steps, act=act)

    return change


LOOK = """\
import sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute("SELECT * FROM people WHERE id = ?", sys.argv[2:])
print(*("|".join(row) for row in rows), sep="\\n")
"""


@pytest.fixture
def store(tmp_path: Path) -> tuple[Path, Means]:
    path, look = tmp_path / "people.db", tmp_path / "look.py"
    look.write_text(LOOK)
    return path, Means(store_cmd=f"{sys.executable} {look} {path} {{contact}}")


def test_a_store_that_keeps_deleted_contacts_is_found(ask: Ask, store: tuple[Path, Means]) -> None:
    path, means = store
    check = privacy_rights.KEPT_AFTER_DELETION
    erased = ask(check, means, keeping(path, erases=True))
    assert (erased.outcome, erased.reason) == (
        Outcome.PASS,
        "of 3 deleted contacts it keeps an entry without details",
    )
    assert ask(check, Means()).outcome is Outcome.NOT_TESTED
    blind = ask(check, Means(store_cmd="true"), keeping(path, erases=False))
    assert (blind.outcome, "proves nothing" in blind.reason) == (Outcome.INCONCLUSIVE, True)


def test_a_store_that_keeps_them_fails(
    ask: Ask, store: tuple[Path, Means], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(privacy_rights, "GRACE_S", 0.2)
    path, means = store
    kept = ask(privacy_rights.KEPT_AFTER_DELETION, means, keeping(path, erases=False))
    assert (kept.outcome, "still keeps the e-mail address" in kept.reason) == (Outcome.FAIL, True)
    assert "3 of 3" in kept.reason


@pytest.mark.parametrize(("corrects", "outcome"), [(True, Outcome.PASS), (False, Outcome.FAIL)])
def test_an_address_is_kept_as_it_was_corrected(
    ask: Ask, store: tuple[Path, Means], corrects: bool, outcome: Outcome
) -> None:
    path, means = store
    change = keeping(path, erases=True, corrects=corrects)
    assert ask(privacy_rights.OUTDATED_DETAILS, means, change).outcome is outcome


def test_a_receiver_that_remembers_no_address_is_not_asked_about_old_ones(ask: Ask) -> None:
    assert ask(privacy_rights.OUTDATED_DETAILS, Means(), loose).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("mode", "outcome"), [(0o640, Outcome.PASS), (0o644, Outcome.WARN), (0o662, Outcome.WARN)]
)
def test_a_log_that_everybody_may_read_is_named(
    ask: Ask, tmp_path: Path, mode: int, outcome: Outcome
) -> None:
    log = tmp_path / "app.log"
    log.touch()
    log.chmod(mode)
    told = ask(privacy_logs.READABLE_LOG, Means(logs=(log,)), lambda steps: replace(steps, log=log))
    assert (told.outcome, "app.log" in told.reason) == (outcome, True)


def test_without_its_log_nothing_is_claimed_of_it(ask: Ask, tmp_path: Path) -> None:
    wrong = tmp_path / "other.log"
    wrong.touch(mode=0o640)
    assert ask(privacy_logs.DETAILS_IN_LOG, Means(logs=(wrong,))).outcome is Outcome.NOT_TESTED
    assert ask(privacy_logs.DIGESTS_IN_LOG, Means()).outcome is Outcome.NOT_TESTED
