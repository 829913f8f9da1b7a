"""Whether an event acts for its own location alone, and only while the app is installed there.

Nobody tells the audit which locations are installed: that a receiver acts for one that it has
never heard of is noted, and what follows from an uninstallation is judged only where an
installation made a difference.
"""

import string
from dataclasses import dataclass, replace
from typing import Any

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import REPEATS, Forged, Forgery, must_refuse
from ghlctl.audit.script import (
    Check,
    Need,
    Part,
    Script,
    Verdict,
    Watched,
    observe,
    send,
)
from ghlctl.model.delivery import Delivery
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.transport.attempt import acknowledged

_INSTALL, _UNINSTALL = "AppInstall", "AppUninstall"
_PLATFORM = Fits(providers=frozenset({"ghl"}))
_FORGEABLE = Fits(signed=True, providers=frozenset({"ghl"}))


def unknown_location(kit: Kit) -> Script:
    """A genuine event of a location that was never installed.

    The catalogue fails whoever acts. But the location of the audit's own genuine events is as
    unknown to the receiver, and those it must accept.
    """
    genuine = _of(kit, _new_id(kit))
    answer = yield from send(genuine.delivery, "of a location never installed", genuine.canary)
    seen = yield from observe(genuine.canary, any_act=True)
    proof = (genuine.canary,)
    if kit.footprint.acts(seen.of(proof)):
        reason = "acts for locations that nobody has installed, so it keeps no list of them"
        return Verdict(Outcome.INFORMATIVE, Confidence.CONFIRMED, reason, proof)
    if acknowledged(answer):
        yield from observe(genuine.canary, expected=True)
    reason = "did not act for a location that was never installed"
    return Verdict(Outcome.PASS, Confidence.CONFIRMED, reason, proof, (Watched(genuine.canary),))


def other_tenants_contact(kit: Kit) -> Script:
    """An event of one location about a contact that the receiver knows from another one."""
    tries: list[_Crossed] = []
    while len(tries) < REPEATS and all(one.crossed for one in tries):
        tries.append((yield from _crossing(kit)))
    last = tries[-1]
    proof = tuple(canary for one in tries for canary in one.canaries)
    if all(one.crossed for one in tries):
        count = len(tries)
        reason = f"called upstream for the contact's other location, {count} of {count} times"
        return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason, proof)
    if len(tries) > 1:
        reason = "called upstream for the contact's other location, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    if not last.acted:
        reason = "acted for neither of two locations, so nothing could be mixed up"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    if not last.told:
        reason = "nothing tells for which location the receiver calls upstream"
        return Verdict(Outcome.INFORMATIVE, Confidence.HIGH, reason, proof)
    reason = "each call upstream was made for the location of its event"
    return Verdict(Outcome.PASS, Confidence.CONFIRMED, reason, proof)


@dataclass(frozen=True, slots=True)
class _Crossed:
    """`crossed`: a call for the first location followed the second's event; `told`: any said."""

    canaries: tuple[Canary, ...]
    acted: bool
    told: bool
    crossed: bool


def _crossing(kit: Kit) -> Part[_Crossed]:
    owner, other = _new_id(kit), _new_id(kit)
    first = _of(kit, owner)
    yield from send(first.delivery, "a contact of its own location", first.canary)
    before = yield from observe(first.canary, expected=True)
    sibling = replace(first.canary, delivery_id=kit.genuine().canary.delivery_id)
    second = _of(kit, other, canary=sibling)
    yield from send(second.delivery, "that contact, from another location", second.canary)
    marks = (first.canary, second.canary)
    after = yield from observe(*marks)
    known = {line.seq for line in before.lines or ()}
    new = [line for line in after.of(marks) if line.seq not in known]
    acted = kit.footprint.acts(before.of([first.canary])) > 0 and bool(new)
    told = any(line.location_id for line in new) or any(other in line.path for line in new)
    return _Crossed(marks, acted, told, acted and any(_is_for(owner, line) for line in new))


def _is_for(location: str, line: LedgerEntry) -> bool:
    return line.location_id == location or location in line.path


def location_of_wrong_type(kit: Kit) -> Script:
    """Genuine events whose location is a list or an object.

    Acting is a failure only where the location goes upstream: elsewhere nobody reads it. A company
    that does not belong to the location, which the catalogue names too, cannot be told from one
    that does without knowing the agency.
    """
    place = _new_id(kit)
    shapes: tuple[tuple[str, Any], ...] = (
        ("whose location is a list", [place]),
        ("whose location is a list of two", [place, _new_id(kit)]),
        ("whose location is an object", {"id": place}),
        ("whose location is a query", {"$ne": ""}),
    )
    verdict = yield from must_refuse(kit, [_shaped(name, value) for name, value in shapes])
    if verdict.outcome is not Outcome.FAIL:
        return verdict
    seen = yield from observe(*verdict.proof, settle=False)
    lines = seen.lines or ()
    if any(line.location_id or place in line.path or place in line.body for line in lines):
        return verdict
    reason = "acted, but what it called upstream does not depend on the location"
    return Verdict(Outcome.INFORMATIVE, Confidence.HIGH, reason, verdict.proof)


def after_uninstall(kit: Kit) -> Script:
    """A new location: an event, its installation, an event, its uninstallation, an event."""
    tries: list[tuple[bool, bool, bool]] = []
    marks: list[Canary] = []
    while len(tries) < REPEATS and all(one == (False, True, True) for one in tries):
        place = _new_id(kit)
        before = yield from _acts_for(kit, place, "before any installation", marks)
        yield from _lifecycle(kit, _INSTALL, place)
        installed = yield from _acts_for(kit, place, "while it is installed", marks)
        yield from _lifecycle(kit, _UNINSTALL, place)
        after = yield from _acts_for(kit, place, "after it was uninstalled", marks)
        tries.append((before, installed, after))
    proof = tuple(marks)
    last = tries[-1]
    if all(one == (False, True, True) for one in tries):
        count = len(tries)
        reason = f"acted, {count} of {count} times, for a location that was uninstalled"
        return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason, proof)
    if len(tries) > 1:
        reason = "acted for a location that was uninstalled, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    if last[1] and not last[2]:
        reason = "stopped acting for a location when it was uninstalled"
        quiet = (Watched(marks[-1]),)
        return Verdict(Outcome.PASS, Confidence.CONFIRMED, reason, proof, quiet)
    told = "an installation makes no difference here, so an uninstallation cannot either"
    return Verdict(Outcome.INFORMATIVE, Confidence.CONFIRMED, told, proof)


def forged_lifecycle(kit: Kit) -> Script:
    """Installations and uninstallations that the platform has not signed."""
    verdict = yield from must_refuse(
        kit,
        [
            _forged(f"that claims {what} and is {how}", event_type, signed=signed)
            for what, event_type in (("an INSTALL", _INSTALL), ("an UNINSTALL", _UNINSTALL))
            for how, signed in (("signed by a stranger", True), ("not signed", False))
        ],
    )
    if verdict.outcome is not Outcome.PASS:
        return verdict
    lost = 0
    marks: list[Canary] = []
    for _ in range(REPEATS):
        place = _new_id(kit)
        yield from _lifecycle(kit, _INSTALL, place)
        before = yield from _acts_for(kit, place, "while it is installed", marks)
        for signed in (True, False):
            forged = _unproven(kit, _of(kit, place, event_type=_UNINSTALL), signed=signed)
            yield from send(forged, "a forged uninstallation")
        after = yield from _acts_for(kit, place, "after a forged uninstallation", marks)
        yield from _lifecycle(kit, _UNINSTALL, place)
        if not before or after:
            break
        lost += 1
    proof = tuple(marks)
    if lost == REPEATS:
        reason = f"a forged UNINSTALL was believed, {lost} of {lost} times: its events are ignored"
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason, proof)
    if lost:
        reason = "stopped acting after a forged UNINSTALL, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    return replace(verdict, accounted=True)


def _acts_for(kit: Kit, place: str, when: str, marks: list[Canary]) -> Part[bool]:
    genuine = _of(kit, place)
    marks.append(genuine.canary)
    answer = yield from send(genuine.delivery, f"an event of a location {when}", genuine.canary)
    seen = yield from observe(genuine.canary, expected=acknowledged(answer))
    return kit.footprint.acts(seen.of([genuine.canary])) > 0


def _lifecycle(kit: Kit, event_type: str, place: str) -> Part[None]:
    genuine = _of(kit, place, event_type=event_type)
    yield from send(genuine.delivery, f"a genuine {event_type}", genuine.canary)


def _of(kit: Kit, place: Any, *, event_type: str = "", canary: Canary | None = None) -> Genuine:
    """A genuine event of that location."""
    genuine = kit.genuine(event_type=event_type, canary=canary)
    payload = {**genuine.event.payload, "locationId": place}
    event = replace(genuine.event, payload=payload)
    return replace(genuine, event=event, delivery=kit.with_payload(genuine, payload))


def _shaped(name: str, value: Any) -> Forgery:
    def make(kit: Kit) -> Forged:
        genuine = _of(kit, value)
        return Forged(genuine.delivery, (genuine.canary,))

    return Forgery(name, make)


def _forged(name: str, event_type: str, *, signed: bool) -> Forgery:
    """Marked wherever a receiver that believes it would carry something upstream."""

    def make(kit: Kit) -> Forged:
        genuine = kit.genuine(event_type=event_type)
        mark = genuine.canary.contact_id
        names = ("locationId", "companyId", "userId", "planId")
        payload = {**genuine.event.payload, **dict.fromkeys(names, mark)}
        event = replace(genuine.event, payload=payload)
        forged = _unproven(kit, replace(genuine, event=event), signed=signed)
        return Forged(forged, (genuine.canary,))

    return Forgery(name, make)


def _unproven(kit: Kit, genuine: Genuine, *, signed: bool) -> Delivery:
    if not signed:
        return kit.unsigned(genuine)
    return kit.delivered(genuine.event, genuine.canary, genuine.at, key=kit.stranger)


def _new_id(kit: Kit) -> str:
    return "".join(kit.random.choices(string.ascii_letters + string.digits, k=20))


UNKNOWN_LOCATION = Check(
    About(
        id="TEN-01",
        name="unknown-location",
        topic=Topic.TENANCY,
        title="Acts only for locations where it is installed",
        severity=Severity.HIGH,
        asks="a genuinely signed event of a location that was never installed",
        correct="nothing done; acting is noted, because no location of an audit is installed",
        why="one key signs for every app: a stranger's app can have events signed for its location",
        remedy="look the event's location up among the installed ones before anything is done",
        references=(
            "CWE-862",
            "CWE-639",
            "ASVS v5.0.0-8.4.1",
            "ASVS v5.0.0-8.2.2",
            "API1:2023",
        ),
    ),
    unknown_location,
    frozenset({Need.KEY, Need.ORACLE}),
    _PLATFORM,
)

OTHER_TENANTS_CONTACT = Check(
    About(
        id="TEN-02",
        name="other-tenants-contact",
        topic=Topic.TENANCY,
        title="Calls upstream only for the location of the event",
        severity=Severity.CRITICAL,
        asks="an event of one location about a contact known from another one",
        correct="calls for the event's own location alone",
        why="who takes the location from the contact lets one tenant change another's data",
        remedy="scope every look-up and every token by the location of the signed event",
        references=(
            "CWE-639",
            "CWE-863",
            "ASVS v5.0.0-8.4.1",
            "ASVS v5.0.0-8.2.2",
            "API1:2023",
        ),
    ),
    other_tenants_contact,
    frozenset({Need.KEY, Need.UPSTREAM}),
    _PLATFORM,
)

LOCATION_OF_WRONG_TYPE = Check(
    About(
        id="TEN-03",
        name="location-of-wrong-type",
        topic=Topic.TENANCY,
        title="Refuses a location that is no text",
        severity=Severity.MEDIUM,
        asks="genuinely signed events whose location is a list, an object or a query",
        correct="nothing done, or nothing that depends on the location",
        why="a list or a query can pass a check for one tenant and select another",
        remedy="accept a location only as a text of the platform's form",
        references=("CWE-1288", "CWE-639", "ASVS v5.0.0-2.2.3", "API1:2023"),
    ),
    location_of_wrong_type,
    frozenset({Need.KEY, Need.UPSTREAM}),
    _PLATFORM,
)

AFTER_UNINSTALL = Check(
    About(
        id="TEN-04",
        name="acts-after-uninstall",
        topic=Topic.TENANCY,
        title="Stops acting for a location when it is uninstalled",
        severity=Severity.HIGH,
        asks="events of a new location before its INSTALL, after it, and after its UNINSTALL",
        correct="nothing done after it; noted where an installation makes no difference",
        why="who uninstalls an app takes back its right to the data",
        remedy="delete the location's tokens at UNINSTALL, and ignore its events from then on",
        references=("CWE-672", "CWE-613", "ASVS v5.0.0-8.3.2", "API5:2023"),
    ),
    after_uninstall,
    frozenset({Need.KEY, Need.ORACLE}),
    _PLATFORM,
)

FORGED_LIFECYCLE = Check(
    About(
        id="TEN-05",
        name="forged-lifecycle",
        topic=Topic.TENANCY,
        title="Refuses forged installations and uninstallations",
        severity=Severity.CRITICAL,
        asks="INSTALL and UNINSTALL signed by a stranger and not at all; then whether an installed "
        "location is still served",
        correct="nothing done, no session lost",
        why="anyone could have tokens fetched, or switch a tenant off",
        remedy="verify the signature before looking at the kind of event, for every kind",
        references=(
            "CWE-306",
            "CWE-347",
            "ASVS v5.0.0-4.1.5",
            "API2:2023",
            "API5:2023",
        ),
    ),
    forged_lifecycle,
    frozenset({Need.KEY, Need.ORACLE}),
    _FORGEABLE,
)

CHECKS = (
    UNKNOWN_LOCATION,
    OTHER_TENANTS_CONTACT,
    LOCATION_OF_WRONG_TYPE,
    AFTER_UNINSTALL,
    FORGED_LIFECYCLE,
)
