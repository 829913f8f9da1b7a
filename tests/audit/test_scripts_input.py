"""Checks of input, played against receivers that are functions."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import msgspec
import pytest

from ghlctl.audit.checks.errors_places import OPEN_PLACES, TELLING_HEALTH
from ghlctl.audit.checks.errors_provoked import DEBUGGERS, SERVER_ERRORS
from ghlctl.audit.checks.errors_told import TENANTS, VERSIONS
from ghlctl.audit.checks.input_addresses import FETCHES, PATHS
from ghlctl.audit.checks.input_code import TEMPLATES
from ghlctl.audit.checks.input_extras import INVALID_VALUES, OTHER_FORMATS, POLLUTION
from ghlctl.audit.checks.input_queries import OPERATORS, SQL
from ghlctl.audit.checks.input_size import DEEP_NESTING, MANY_PARTS, SLOW_PATTERNS
from ghlctl.audit.checks.input_syntax import MALFORMED_JSON, MISSING_FIELDS, STRANGE, TOP_LEVEL
from ghlctl.audit.checks.input_text import NAUGHTY_STRINGS
from ghlctl.audit.rehearsal import Imagined, Manner
from ghlctl.audit.script import Check, Verdict
from ghlctl.audit.steps import (
    Callback,
    Heard,
    Observation,
    Observe,
    Push,
    Result,
    Send,
    Shared,
    Step,
    Volley,
)
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Outcome, Severity
from ghlctl.model.sample import ErrorKind
from ghlctl.transport.attempt import Answer, Failure, Pushed
from tests.audit.test_scripts import CLOSED, TIMEOUT, kit, reply

Answering = Callable[[Send, int], Answer]
Seeing = Callable[[Send], tuple[LedgerEntry, ...]]


def line(path: str, body: str = "") -> LedgerEntry:
    return LedgerEntry(1, 0, "PUT", path, 200, True, body=body)


def play(
    check: Check,
    answer: Answering = lambda _s, _n: reply(400),
    see: Seeing = lambda _s: (),
    *,
    calls: bool = False,
) -> Verdict:
    """A receiver that answers and acts by functions of the request and its number."""
    given = replace(kit(), listener="http://127.0.0.1:9")
    sent: list[Send] = []

    def answered(one: Send) -> Answer:
        sent.append(one)
        return answer(one, len(sent))

    def result(step: Step) -> Result:
        match step:
            case Send():
                return answered(step)
            case Volley(sends):
                return tuple(map(answered, sends))
            case Shared(_, sends):
                return Heard(tuple(map(answered, sends)), tuple(one.canaries for one in sends))
            case Push(delivery, purpose, canaries):
                size = len(delivery.body)
                return Pushed(answered(Send(delivery, purpose, canaries)), size, size)
            case Observe(canaries):
                asked = [one for one in sent if set(one.canaries) & set(canaries)]
                lines = tuple(found for one in asked for found in see(one))
                heard = tuple(Callback("GET", f"/{c.delivery_id}") for c in canaries if calls)
                return Observation(lines, callbacks=heard)
            case _:
                return Imagined(given, Manner.CORRECT).result(step)

    script = check.script(given)
    try:
        step = next(script)
        while True:
            step = script.send(result(step))
    except StopIteration as end:
        verdict: Verdict = end.value
        return verdict


def payload_of(delivery: Delivery) -> dict[str, object]:
    found = json.loads(delivery.body)
    assert isinstance(found, dict)
    return found


def saying(body: bytes, status: int = 200, *headers: tuple[str, str]) -> Reply:
    return Reply(status, headers, body, 1.0, 1.0, 1.0)


REFUSED = (
    MALFORMED_JSON,
    TOP_LEVEL,
    STRANGE,
    SQL,
    PATHS,
    TEMPLATES,
    FETCHES,
    POLLUTION,
    OTHER_FORMATS,
    INVALID_VALUES,
    NAUGHTY_STRINGS,
    DEEP_NESTING,
    SERVER_ERRORS,
    VERSIONS,
    OPEN_PLACES,
    TELLING_HEALTH,
)


@pytest.mark.parametrize("check", REFUSED, ids=lambda check: check.about.id)
def test_refusing_everything_breaks_nothing(check: Check) -> None:
    assert play(check).outcome is Outcome.PASS


@pytest.mark.parametrize("check", REFUSED, ids=lambda check: check.about.id)
def test_what_was_put_off_was_not_asked(check: Check) -> None:
    assert play(check, lambda _s, _n: reply(429)).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    "check", [TOP_LEVEL, NAUGHTY_STRINGS, SERVER_ERRORS], ids=lambda check: check.about.id
)
def test_a_server_error_counts_when_it_comes_every_time(check: Check) -> None:
    assert play(check, lambda _s, _n: reply(500)).outcome is Outcome.FAIL
    once = play(check, lambda _s, n: reply(500 if n == 1 else 400))
    assert once.outcome is Outcome.PASS
    assert "did not come again" in once.reason
    twice = {1, 40}
    closed = Failure(ErrorKind.CLOSED, "closed", 1.0)
    assert play(check, lambda _s, n: closed if n in twice else reply(400)).outcome is not (
        Outcome.FAIL
    )


def test_a_receiver_that_breaks_over_everything_is_not_open_to_injection() -> None:
    assert play(SQL, lambda _s, _n: reply(500)).outcome is Outcome.PASS
    verdict = play(SQL, lambda s, _n: reply(500 if b"'" in s.delivery.body else 200))
    assert verdict.outcome is Outcome.FAIL
    assert "not over a letter" in verdict.reason


def test_text_that_comes_escaped_by_hand_is_a_warning() -> None:
    def doubled(send: Send) -> tuple[LedgerEntry, ...]:
        name = str(payload_of(send.delivery).get("name")).replace("'", "''")
        return (owned(line("/x", name), send),)

    assert play(SQL, lambda _s, _n: reply(200), doubled).outcome is Outcome.WARN


@pytest.mark.parametrize(
    ("encode", "outcome"),
    [
        (lambda text: text, Outcome.FAIL),
        (lambda text: re.sub(r"\W", "_", text), Outcome.PASS),
        (lambda text: quote(text, safe=""), Outcome.PASS),
        (lambda text: quote(text, safe="=&;+$,"), Outcome.PASS),
    ],
)
def test_an_id_must_stay_in_its_segment(encode: Callable[[str], str], outcome: Outcome) -> None:
    def see(send: Send) -> tuple[LedgerEntry, ...]:
        path = f"/contacts/{encode(str(payload_of(send.delivery)['id']))}"
        return (owned(line(path), send),)

    assert play(PATHS, lambda _s, _n: reply(200), see).outcome is outcome


def owned(one: LedgerEntry, send: Send) -> LedgerEntry:
    return msgspec.structs.replace(one, idempotency_key=send.canaries[-1].delivery_id)


def test_a_call_to_the_listener_is_a_failure() -> None:
    assert play(FETCHES, calls=True).outcome is Outcome.FAIL
    assert play(OTHER_FORMATS, calls=True).outcome is Outcome.FAIL


def test_slow_is_what_is_slow_beside_a_genuine_delivery() -> None:
    def slow(_send: Send, number: int) -> Answer:
        return Reply(200, (), b"", 1.0, 1.0, 9000.0 if number > 3 else 5.0)

    all_slow = Reply(200, (), b"", 1.0, 1.0, 9000.0)
    assert play(DEEP_NESTING, slow).outcome is Outcome.FAIL
    assert play(SLOW_PATTERNS, slow).outcome is Outcome.FAIL
    assert play(SLOW_PATTERNS, lambda _s, _n: all_slow).outcome is Outcome.PASS
    assert play(DEEP_NESTING, lambda _s, n: TIMEOUT if n == 4 else reply(400)).outcome is (
        Outcome.INCONCLUSIVE
    )


@pytest.mark.parametrize(
    ("large", "outcome"), [(1_000_000, Outcome.PASS), (0, Outcome.FAIL)], ids=["large", "any"]
)
def test_a_connection_that_is_cut_over_a_megabyte_is_a_refusal(
    large: int, outcome: Outcome
) -> None:
    def cutting(send: Send, number: int) -> Answer:
        cut = number > 3 and len(send.delivery.body) > large
        return CLOSED if cut else reply(400)

    assert play(MANY_PARTS, cutting).outcome is outcome


@pytest.mark.parametrize(
    ("header", "outcome"),
    [
        (("Server", "nginx/1.25.3"), Outcome.FAIL),
        (("X-Powered-By", "PHP/8.2"), Outcome.FAIL),
        (("Via", "1.1 varnish"), Outcome.PASS),
        (("Server", "uvicorn"), Outcome.PASS),
        (("X-Powered-By", "Express"), Outcome.PASS),
    ],
)
def test_only_a_version_is_a_version(header: tuple[str, str], outcome: Outcome) -> None:
    assert play(VERSIONS, lambda _s, _n: saying(b"", 401, header)).outcome is outcome


def test_a_page_for_everything_is_no_open_place() -> None:
    assert play(OPEN_PLACES, lambda _s, _n: saying(b"<h1>Welcome</h1>")).outcome is Outcome.PASS
    shown = play(OPEN_PLACES, lambda _s, _n: saying(b"DB_PASSWORD=x\n"))
    assert (shown.outcome, shown.severity) == (Outcome.FAIL, Severity.CRITICAL)


def test_health_may_tell_its_state() -> None:
    assert play(TELLING_HEALTH, lambda _s, _n: saying(b'{"status":"ok"}')).outcome is Outcome.PASS
    told = play(TELLING_HEALTH, lambda _s, _n: saying(b'{"version":"1.2"}'))
    assert told.outcome is Outcome.FAIL
    refused = play(TELLING_HEALTH, lambda _s, _n: saying(b'{"token":"missing"}', 401))
    assert refused.outcome is Outcome.PASS


def test_a_word_in_an_error_is_no_developers_page() -> None:
    said = saying(b'{"error":"signature recognition failed"}', 401)
    assert play(DEBUGGERS, lambda _s, _n: said).outcome is Outcome.PASS
    shown = saying(b"<title>Werkzeug Debugger</title>", 500)
    assert play(DEBUGGERS, lambda _s, _n: shown).outcome is Outcome.FAIL


def test_not_knowing_a_method_is_no_server_error() -> None:
    def answer(send: Send, _number: int) -> Answer:
        return reply(501 if send.method == "GET" else 400)

    assert play(SERVER_ERRORS, answer).outcome is Outcome.PASS


def acting(path: Callable[[dict[str, object]], str]) -> Seeing:
    return lambda send: (owned(line(path(payload_of(send.delivery))), send),)


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        (lambda p: f"/contacts/{quote(str(p['id']))}", Outcome.PASS),
        (
            lambda p: f"/contacts/{p['id'] if isinstance(p['id'], str) else 'somebody'}",
            Outcome.FAIL,
        ),
        (lambda _p: "/events", Outcome.INFORMATIVE),
    ],
)
def test_an_operator_is_seen_where_a_contacts_id_belongs(
    path: Callable[[dict[str, object]], str], outcome: Outcome
) -> None:
    assert play(OPERATORS, lambda _s, _n: reply(200), acting(path)).outcome is outcome


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        (lambda p: f"/contacts/{p.get('id') or 'x'}", Outcome.PASS),
        (lambda _p: "//api/events/", Outcome.PASS),
        (lambda p: f"/contacts/{p.get('id')}", Outcome.FAIL),
        (lambda p: f"/contacts/{p.get('id') or ''}/score", Outcome.FAIL),
    ],
)
def test_acting_without_an_id_is_told_from_a_path_that_looks_so_always(
    path: Callable[[dict[str, object]], str], outcome: Outcome
) -> None:
    assert play(MISSING_FIELDS, lambda _s, _n: reply(200), acting(path)).outcome is outcome


@pytest.mark.parametrize(
    ("known", "unknown", "outcome"),
    [(401, 401, Outcome.PASS), (401, 404, Outcome.WARN), (429, 429, Outcome.INCONCLUSIVE)],
)
def test_a_stranger_is_to_learn_nothing_about_locations(
    known: int, unknown: int, outcome: Outcome
) -> None:
    places: list[object] = []

    def answer(send: Send, _number: int) -> Answer:
        places.append(payload_of(send.delivery)["locationId"])
        return reply(200 if len(places) == 1 else known if places[-1] == places[0] else unknown)

    assert play(TENANTS, answer).outcome is outcome


def test_where_nothing_genuine_is_accepted_no_location_is_known() -> None:
    assert play(TENANTS, lambda _s, _n: reply(401)).outcome is Outcome.INCONCLUSIVE
