"""Checks of the topic tenancy, played against receivers that are functions."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from ghlctl.audit.canary import Canary
from ghlctl.audit.checks.tenancy_locations import (
    AFTER_UNINSTALL,
    FORGED_LIFECYCLE,
    LOCATION_OF_WRONG_TYPE,
    OTHER_TENANTS_CONTACT,
    UNKNOWN_LOCATION,
)
from ghlctl.audit.driver import kit_of
from ghlctl.audit.kit import Kit
from ghlctl.audit.receiver import AuditedReceiver, Bounds, Clock
from ghlctl.audit.script import Check, Verdict
from ghlctl.audit.steps import Observation, Observe, Send, Volley
from ghlctl.model.delivery import Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Outcome
from ghlctl.signing.catalogue import scheme_named

NOW = 1.7e9
GHL = scheme_named("ghl")
PAIR = GHL.generate()
Payload = dict[str, Any]


def kit() -> Kit:
    audited = AuditedReceiver(
        "http://127.0.0.1:1/", key=PAIR.private, upstream_url="http://127.0.0.1:2"
    )
    return kit_of(audited, Bounds(), Clock(now=lambda: NOW), Random(1))


@dataclass
class World:
    """`act` is told a payload and whether it is genuine, and names the location it acts for."""

    act: Callable[[Payload, bool], str | None]
    lines: list[tuple[tuple[Canary, ...], LedgerEntry]] = field(default_factory=list)

    def play(self, check: Check) -> Verdict:
        script = check.script(kit())
        try:
            step = next(script)
            while True:
                match step:
                    case Send():
                        step = script.send(self.ask(step))
                    case Volley(sends):
                        step = script.send(tuple(map(self.ask, sends)))
                    case Observe(canaries):
                        wanted = set(canaries)
                        lines = (line for marks, line in self.lines if wanted & set(marks))
                        step = script.send(Observation(tuple(lines)))
                    case _:
                        raise AssertionError(step)
        except StopIteration as end:
            verdict: Verdict = end.value
            return verdict

    def ask(self, send: Send) -> Reply:
        public = GHL.read_verifying_key(PAIR.public)
        rejection = GHL.verify(
            send.delivery.body, send.delivery.headers, public, now=NOW, tolerance=None
        )
        place = self.act(json.loads(send.delivery.body), rejection is None)
        if place is not None:
            text = " ".join(text for canary in send.canaries for text in canary.texts)
            seq = len(self.lines) + 1
            line = LedgerEntry(seq, 0, "PUT", "/x", 200, True, location_id=place, body=text)
            self.lines.append((send.canaries, line))
        status = 200 if place is not None or rejection is None else 401
        return Reply(status, (), b"", 1.0, 1.0, 1.0)


def app_event(payload: Payload) -> bool:
    return payload["type"] in ("INSTALL", "UNINSTALL")


def plain(payload: Payload, genuine: bool) -> str | None:
    """Acts for every location, and ignores what happens to the app."""
    place = payload["locationId"] if isinstance(payload.get("locationId"), str) else None
    return place if genuine and not app_event(payload) else None


def shut(_payload: Payload, _genuine: bool) -> None:
    return None


class Installed:
    """Keeps a list of locations; `forgets` at an UNINSTALL, `verifies` what happens to the app."""

    def __init__(self, *, forgets: bool = True, verifies: bool = True) -> None:
        self.places: set[str] = set()
        self.forgets = forgets
        self.verifies = verifies

    def __call__(self, payload: Payload, genuine: bool) -> str | None:
        place = payload.get("locationId", "")
        believed = genuine or not self.verifies
        if payload["type"] == "INSTALL" and believed:
            self.places.add(place)
        if payload["type"] == "UNINSTALL" and believed and self.forgets:
            self.places.discard(place)
        known = genuine and not app_event(payload) and place in self.places
        return place if known else None


def test_acting_for_a_location_that_nobody_installed_is_noted() -> None:
    assert World(plain).play(UNKNOWN_LOCATION).outcome is Outcome.INFORMATIVE
    assert World(Installed()).play(UNKNOWN_LOCATION).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("world", "outcome"),
    [
        (lambda: World(Installed()), Outcome.PASS),
        (lambda: World(Installed(forgets=False)), Outcome.FAIL),
        (lambda: World(plain), Outcome.INFORMATIVE),
        (lambda: World(shut), Outcome.INFORMATIVE),
    ],
)
def test_an_uninstallation_counts_where_an_installation_does(
    world: Callable[[], World], outcome: Outcome
) -> None:
    assert world().play(AFTER_UNINSTALL).outcome is outcome


def test_the_app_is_installed_and_removed_by_the_platform_alone() -> None:
    assert World(plain).play(FORGED_LIFECYCLE).outcome is Outcome.PASS
    assert World(Installed()).play(FORGED_LIFECYCLE).outcome is Outcome.PASS
    assert World(Installed(verifies=False)).play(FORGED_LIFECYCLE).outcome is Outcome.FAIL
    fetching = World(lambda payload, _genuine: "any" if app_event(payload) else None)
    assert fetching.play(FORGED_LIFECYCLE).outcome is Outcome.FAIL


def test_a_contact_is_looked_up_in_the_location_of_the_event() -> None:
    homes: dict[str, str] = {}

    def homely(payload: Payload, genuine: bool) -> str | None:
        place = plain(payload, genuine)
        return homes.setdefault(payload["id"], place) if place else None

    assert World(plain).play(OTHER_TENANTS_CONTACT).outcome is Outcome.PASS
    assert World(homely).play(OTHER_TENANTS_CONTACT).outcome is Outcome.FAIL
    silent = World(lambda payload, genuine: plain(payload, genuine) and "")
    assert silent.play(OTHER_TENANTS_CONTACT).outcome is Outcome.INFORMATIVE
    assert World(shut).play(OTHER_TENANTS_CONTACT).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("place", "outcome"), [("somewhere", Outcome.FAIL), ("", Outcome.INFORMATIVE)]
)
def test_a_location_of_another_type_matters_where_it_goes_upstream(
    place: str, outcome: Outcome
) -> None:
    world = World(lambda _payload, genuine: place if genuine else None)
    assert world.play(LOCATION_OF_WRONG_TYPE).outcome is outcome
    assert World(plain).play(LOCATION_OF_WRONG_TYPE).outcome is Outcome.PASS
