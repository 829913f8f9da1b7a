"""What becomes of a person's details once they are corrected, or to be forgotten.

Each person takes all of a way through several events, three people side by side, so that what is
found is found three times of three.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote_plus

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary, fresh_canary
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.messages import speaks
from ghlctl.audit.needles import found_in
from ghlctl.audit.needs import missing
from ghlctl.audit.person import Person, about, somebody
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import (
    Check,
    Need,
    Needle,
    Observation,
    Part,
    Script,
    Verdict,
    ask_store,
    wait,
)
from ghlctl.audit.steps import StoreSaid
from ghlctl.audit.telling import sent, told
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Confidence, Outcome, Severity

GRACE_S = 10.0
"""How long erasing may take after the deletion was acknowledged."""

_POLLS = 4
_CREATED = re.compile(r"/contacts(?:/upsert)?/?")
_LATER = ("OpportunityCreate", "NoteCreate", "InboundMessage")
_PLATFORM = Fits(providers=frozenset({"ghl"}))


def kept_after_deletion(kit: Kit) -> Script:
    """Contacts are created, deleted, and spoken of once more; then what is kept is searched.

    Without a store command only what is done upstream is judged: a contact that is gone is neither
    to be made anew there nor to be written to.
    """
    people = [somebody(kit) for _ in range(REPEATS)]
    yield from told(kit, people, (kit.event_type,), "about a new contact")
    before = yield from _asked(kit, people)
    deleted = yield from told(kit, people, ("ContactDelete",), "that deletes the contact")
    if not deleted.taken:
        reason = "a ContactDelete was not accepted, so nobody had to forget anything"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, deleted.marks)
    later = yield from told(kit, people, _LATER, "about the contact that is gone")
    marks = (*deleted.marks, *later.marks)
    wrong = [_wrong(one, (*deleted.new, *later.new)) for one in people]
    if all(wrong):
        count = len(wrong)
        reason = f"{wrong[0]} after its deletion, {count} of {count} times"
        return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason, marks)
    if any(wrong):
        reason = f"{next(filter(None, wrong))} after its deletion, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)
    if Need.STORE not in kit.given:
        return _half_asked(kit, marks)
    after = yield from _asked(kit, people)
    for _ in range(_POLLS):
        if not any(one.held for one in after):
            break
        yield from wait(GRACE_S / _POLLS)
        after = yield from _asked(kit, people)
    return _erased(before, after, marks)


def _wrong(person: Person, lines: Sequence[LedgerEntry]) -> str:
    """What was done to a person who should be forgotten."""
    own = Observation(tuple(lines)).of([person.canary])
    if any(_makes(line) for line in own):
        return "made the contact again upstream"
    return "sent the contact a message" if any(speaks(line) for line in own) else ""


def _half_asked(kit: Kit, marks: tuple[Canary, ...]) -> Verdict:
    done = "nothing was made again or sent upstream; " if kit.ledger else ""
    reason = f"{done}what it keeps {missing([Need.STORE])}"
    return Verdict(Outcome.NOT_TESTED, Confidence.HIGH, reason, marks)


def _erased(
    before: Sequence[StoreSaid], after: Sequence[StoreSaid], marks: tuple[Canary, ...]
) -> Verdict:
    failure = next((one.failure for one in (*before, *after) if one.failure), "")
    if failure:
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, failure, marks)
    if not all(one.lines for one in before):
        reason = "the store command found nothing about accepted contacts, so it proves nothing"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)
    if all(one.held for one in after):
        shown = ", ".join(dict.fromkeys(name.partition(", ")[0] for name in after[0].held))
        count = len(after)
        reason = (
            f"still keeps {shown} {GRACE_S:g} s after the contact was deleted, "
            f"{count} of {count} times"
        )
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason, marks)
    if any(one.held for one in after):
        reason = "still keeps details of some deleted contacts, but not of all"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)
    if not any(one.held for one in before) and any(one.lines for one in after):
        reason = "the store command shows lines but no details, before and after: let it print them"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)
    left = "an entry without details" if any(one.lines for one in after) else "nothing"
    reason = f"of {len(after)} deleted contacts it keeps {left}"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, marks)


def _makes(line: LedgerEntry) -> bool:
    path = line.path.partition("?")[0]
    return line.method.upper() == "POST" and _CREATED.fullmatch(path) is not None


def _asked(kit: Kit, people: Sequence[Person]) -> Part[list[StoreSaid]]:
    if Need.STORE not in kit.given:
        return []
    said = []
    for person in people:
        one = yield from ask_store(person.canary, *person.needles())
        said.append(one)
    return said


@dataclass(frozen=True, slots=True)
class _Corrected:
    """A person before and after the correction of the address, the contact being the same."""

    old: Person
    new: Person


def outdated_details(kit: Kit) -> Script:
    """An address is corrected; events that name no address show which one is remembered.

    Where the receiver uses no remembered address at all, and no store is given, there is nothing
    to ask.
    """
    people = [_corrected(kit) for _ in range(REPEATS)]
    old, new = [one.old for one in people], [one.new for one in people]
    yield from told(kit, old, (kit.event_type,), "about a new contact")
    earlier = yield from sent(_nameless(kit, old), "that names no address")
    corrected = yield from told(kit, new, ("ContactUpdate",), "with another address")
    if not corrected.taken:
        reason = "a ContactUpdate was not accepted, so nothing was corrected"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, corrected.marks)
    later = yield from sent(_nameless(kit, new), "that names no address")
    still = [_addressed(one.old, later.new) for one in people]
    if all(still):
        count = len(still)
        reason = f"used the address from before its correction, {count} of {count} times"
        return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason, later.marks)
    if any(still):
        reason = "used the address from before its correction, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, later.marks)
    used = all(_addressed(one.old, earlier.new) for one in people)
    if Need.STORE in kit.given:
        return (yield from _kept_address(people, later.marks, used=used))
    if used:
        reason = "no longer uses the address from before its correction"
        return Verdict(Outcome.PASS, Confidence.HIGH, reason, later.marks)
    reason = f"uses no address that it remembers; what it keeps {missing([Need.STORE])}"
    return Verdict(Outcome.NOT_APPLICABLE, Confidence.HIGH, reason, later.marks)


def _addressed(person: Person, lines: Sequence[LedgerEntry]) -> bool:
    """Whether one of the calls holds the person's address."""
    needles = person.named(["e-mail address"]).needles()
    return any(
        found_in(f"{line.path}\n{unquote_plus(line.path)}\n{line.body}".encode(), needles)
        for line in lines
    )


def _kept_address(
    people: Sequence[_Corrected], marks: tuple[Canary, ...], *, used: bool
) -> Part[Verdict]:
    kept = []
    for one in people:
        said = yield from ask_store(one.old.canary, *_as(_OLD, one.old), *_as(_NEW, one.new))
        kept.append(frozenset(said.held))
    outdated = [one == {_OLD} for one in kept]
    if all(outdated):
        count = len(kept)
        reason = f"keeps the address from before its correction alone, {count} of {count} times"
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason, marks)
    if any(outdated):
        reason = "keeps some addresses from before their correction alone, but not all"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)
    if not used and not any(kept):
        reason = "keeps no address, and uses none that it remembers"
        return Verdict(Outcome.NOT_APPLICABLE, Confidence.HIGH, reason, marks)
    reason = "keeps and uses no address from before its correction alone"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, marks)


_OLD, _NEW = "the old address", "the new address"


def _as(name: str, person: Person) -> tuple[Needle, ...]:
    needles = person.named(["e-mail address"]).needles()
    return tuple(replace(one, name=name) for one in needles)


def _corrected(kit: Kit) -> _Corrected:
    old = somebody(kit)
    email = fresh_canary(kit.random).email
    details = tuple(
        replace(one, texts=(email,)) if one.name == "e-mail address" else one for one in old.details
    )
    return _Corrected(old, replace(old, canary=replace(old.canary, email=email), details=details))


def _nameless(kit: Kit, people: Sequence[Person]) -> list[Genuine]:
    """Events about them that hold no address."""
    events = []
    for person in people:
        for event_type in (*_LATER, "AppointmentCreate"):
            one = about(kit, person.named(()), event_type=event_type)
            payload = {name: value for name, value in one.event.payload.items() if name != "email"}
            event = replace(one.event, payload=payload)
            events.append(replace(one, event=event, delivery=kit.with_payload(one, payload)))
    return events


KEPT_AFTER_DELETION = Check(
    About(
        id="PRV-09",
        name="kept-after-deletion",
        topic=Topic.PRIVACY,
        title="Forgets a contact that was deleted",
        severity=Severity.HIGH,
        asks="ContactCreate, ContactDelete and later events about people who do not exist; what "
        "is then done upstream, and with store_cmd what is still kept of them",
        correct="nothing, or an entry by id alone, and neither a message nor a new contact",
        why="who asked to be forgotten has a right to it, and a copy that stays can leak",
        remedy="erase on ContactDelete what is kept of the contact, in queues and caches too, and "
        "keep the id alone so that late events find it gone",
        references=(
            "CWE-212",
            "CWE-672",
            "ASVS v5.0.0-14.2.7",
            "ASVS v5.0.0-14.2.4",
            "API3:2023",
            "GDPR 5(1)(e)",
            "CCPA 1798.105",
        ),
    ),
    kept_after_deletion,
    frozenset({Need.KEY}),
    _PLATFORM,
)

OUTDATED_DETAILS = Check(
    About(
        id="PRV-14",
        name="outdated-details",
        topic=Topic.PRIVACY,
        title="Uses corrected details, not those before",
        severity=Severity.MEDIUM,
        asks="ContactCreate, then ContactUpdate with another address, then events that name none; "
        "which address goes upstream, and with store_cmd which is kept",
        correct="the corrected one",
        why="messages go to an address that is no longer the person's, perhaps to somebody else",
        remedy="let ContactUpdate replace or drop what is cached of the contact",
        references=("ASVS v5.0.0-2.3.2", "GDPR 5(1)(d)", "CCPA 1798.106"),
    ),
    outdated_details,
    frozenset({Need.KEY, Need.UPSTREAM}),
    _PLATFORM,
)

CHECKS = (KEPT_AFTER_DELETION, OUTDATED_DETAILS)
