"""Whether a contact who asked not to be contacted is left alone, and later is not.

Both questions need an event on which the receiver sends messages; which one that is, it shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary, reads
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.messages import channel_of, speaks
from ghlctl.audit.person import Person, about, somebody
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import Check, Need, Part, Script, Verdict
from ghlctl.audit.telling import Told, sent, told
from ghlctl.model.finding import Confidence, Outcome, Severity

_CHANNELS = ("Call", "Email", "SMS", "WhatsApp", "GMB", "FB")
_TRIGGERS = (
    "InboundMessage",
    "AppointmentCreate",
    "OpportunityCreate",
    "OpportunityStatusUpdate",
    "ContactTagUpdate",
    "NoteCreate",
    "TaskCreate",
    "ContactUpdate",
    "ContactCreate",
)
_DND = "ContactDndUpdate"
_PLATFORM = Fits(providers=frozenset({"ghl"}))


@dataclass(frozen=True, slots=True)
class _Trigger:
    """An event on which this receiver sends a message, and over which channel."""

    event_type: str
    channel: str


def ignored_refusal(kit: Kit) -> Script:
    """People say no, to everything and to one channel; then comes what usually leads to a message.

    A receiver that asks its upstream first cannot be judged: there nobody has said no. That one
    channel was refused alone, while `dnd` is false, is not documented, so it only warns.
    """
    trigger = yield from _found(kit)
    if trigger is None:
        return _silent()
    refusing = [somebody(kit) for _ in range(REPEATS)]
    partly = [somebody(kit) for _ in range(REPEATS if trigger.channel else 0)]
    others = [somebody(kit) for _ in range(REPEATS)]
    yield from told(kit, [*refusing, *partly], ("ContactCreate",), "about a new contact")
    asked = [
        *(_saying(kit, one, dnd=True, channels=_CHANNELS) for one in refusing),
        *(_saying(kit, one, dnd=False, channels=(trigger.channel,)) for one in partly),
    ]
    said = yield from sent(asked, "that forbids messages")
    if not said.taken:
        reason = f"a {_DND} was not accepted, so nobody was asked to be silent"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, said.marks)
    events = [
        *(_event(kit, one, trigger, dnd=True) for one in refusing),
        *(_event(kit, one, trigger, dnd=False) for one in (*partly, *others)),
    ]
    then = yield from sent(events, f"{trigger.event_type}, which leads to a message here")
    return _judged(trigger, refusing, partly, others, then)


def _judged(
    trigger: _Trigger,
    refusing: Sequence[Person],
    partly: Sequence[Person],
    others: Sequence[Person],
    then: Told,
) -> Verdict:
    if not any(_messaged(one, then) for one in others):
        reason = "sent no message this time even to those who may get one"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, then.marks)
    channel = f"to their {trigger.channel} alone"
    for people, what, outcome in (
        (refusing, "to all messages", Outcome.FAIL),
        (partly, channel, Outcome.WARN),
    ):
        written = [one for one in people if _messaged(one, then)]
        if people and written and any(_inquired(one, then) for one in written):
            reason = "asked the upstream about the contact first, where nobody has said no"
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, then.marks)
        if people and len(written) == len(people):
            count = len(people)
            reason = f"sent messages to people who had said no {what}, {count} of {count} times"
            return Verdict(outcome, Confidence.CONFIRMED, reason, then.marks)
        if written:
            reason = f"sent messages to some people who had said no {what}, but not to all"
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, then.marks)
    reason = f"on {trigger.event_type} it leaves alone who said no, and writes to others"
    return Verdict(Outcome.PASS, Confidence.CONFIRMED, reason, then.marks)


def lasting_refusal(kit: Kit) -> Script:
    """People say no, and then yes again."""
    trigger = yield from _found(kit)
    if trigger is None:
        return _silent()
    people = [somebody(kit) for _ in range(REPEATS)]
    yield from told(kit, people, ("ContactCreate",), "about a new contact")
    no = [_saying(kit, one, dnd=True, channels=_CHANNELS) for one in people]
    yield from sent(no, "that forbids messages")
    yes = [_saying(kit, one, dnd=False, channels=()) for one in people]
    said = yield from sent(yes, "that allows messages again")
    others = [somebody(kit) for _ in range(REPEATS)]
    events = [_event(kit, one, trigger, dnd=False) for one in (*people, *others)]
    then = yield from sent(events, f"{trigger.event_type}, which leads to a message here")
    written = sum(_messaged(one, then) for one in people)
    if not said.taken or not any(_messaged(one, then) for one in others):
        reason = "sent no message this time even to those who may get one"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, then.marks)
    if not written:
        reason = f"sends nothing to people who have said yes again, {REPEATS} of {REPEATS} times"
        return Verdict(Outcome.WARN, Confidence.HIGH, reason, then.marks)
    if written < len(people):
        reason = "sends messages to some people who have said yes again, but not to all"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, then.marks)
    reason = "sends messages again to people who have said yes again"
    return Verdict(Outcome.PASS, Confidence.CONFIRMED, reason, then.marks)


def _found(kit: Kit) -> Part[_Trigger | None]:
    """The first event type on which a message goes out; all are tried at once."""
    people = {one: somebody(kit) for one in _TRIGGERS}
    events = [about(kit, person, event_type=one) for one, person in people.items()]
    events = [_with(kit, one, dnd=False) for one in events]
    then = yield from sent(events, "that might lead to a message")
    for event_type, person in people.items():
        lines = [line for line in then.about(person.canary) if speaks(line)]
        if lines:
            return _Trigger(event_type, channel_of(lines[0]))
    return None


def _silent() -> Verdict:
    reason = f"sends no messages: none went out on {', '.join(_TRIGGERS)}"
    return Verdict(Outcome.NOT_APPLICABLE, Confidence.HIGH, reason)


def _saying(kit: Kit, person: Person, *, dnd: bool, channels: Sequence[str]) -> Genuine:
    settings = {
        name: {"status": "active" if name in channels else "inactive", "message": "", "code": "101"}
        for name in _CHANNELS
    }
    return _with(kit, about(kit, person, event_type=_DND), dnd=dnd, dndSettings=settings)


def _event(kit: Kit, person: Person, trigger: _Trigger, *, dnd: bool) -> Genuine:
    return _with(kit, about(kit, person, event_type=trigger.event_type), dnd=dnd)


def _with(kit: Kit, genuine: Genuine, **fields: Any) -> Genuine:
    """With these fields where such a payload has them."""
    known = {name: value for name, value in fields.items() if name in genuine.event.payload}
    payload = {**genuine.event.payload, **known}
    event = replace(genuine.event, payload=payload)
    return replace(genuine, event=event, delivery=kit.with_payload(genuine, payload))


def _messaged(person: Person, then: Told) -> bool:
    return any(speaks(line) for line in then.about(person.canary))


def _inquired(person: Person, then: Told) -> bool:
    contact: Canary = person.canary
    return any(reads(one) and contact.contact_id in one.path for one in then.about(contact))


IGNORED_REFUSAL = Check(
    About(
        id="PRV-10",
        name="ignored-refusal",
        topic=Topic.COMPLIANCE,
        title="Sends no message to a contact who asked for none",
        severity=Severity.HIGH,
        asks="nine kinds of events, to find one that leads to a message; then ContactDndUpdate "
        "for all channels and for one, and that event again",
        correct="no call that sends a message",
        why="messages against a refusal are unlawful in many places, and cost fines each",
        remedy="keep consent by contact and channel, and consult it at the moment of sending",
        references=("CWE-841", "CWE-863", "ASVS v5.0.0-8.3.2", "API6:2023", "CCPA 1798.120"),
    ),
    ignored_refusal,
    frozenset({Need.KEY, Need.UPSTREAM}),
    _PLATFORM,
)

LASTING_REFUSAL = Check(
    About(
        id="PRV-11",
        name="lasting-refusal",
        topic=Topic.COMPLIANCE,
        title="Writes again to a contact who allows it again",
        severity=Severity.LOW,
        asks="ContactDndUpdate that forbids and then one that allows, and an event that leads to a "
        "message",
        correct="a message as before",
        why="a consent that is not believed loses the contact",
        remedy="let the last ContactDndUpdate decide, by its time",
        references=("CWE-841", "ASVS v5.0.0-2.3.2"),
    ),
    lasting_refusal,
    frozenset({Need.KEY, Need.UPSTREAM}),
    _PLATFORM,
)

CHECKS = (IGNORED_REFUSAL, LASTING_REFUSAL)
