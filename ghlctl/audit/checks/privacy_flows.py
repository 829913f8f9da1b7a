"""Where personal details go: into replies, into URLs, and to whom they are of no use."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.checks.signature_forgeries import badly_signed, url_for
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.needles import found_in
from ghlctl.audit.person import Person, about, somebody, told_in
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import (
    Check,
    Need,
    Needle,
    Part,
    Script,
    Send,
    Verdict,
    ask_store,
    observe,
    send_all,
)
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.transport.attempt import Answer, acknowledged

_ONLY_BY_QUERY = frozenset({"/contacts/search/duplicate"})
"""Where HighLevel's API offers no other way than the query."""

_DISPENSABLE = ("date of birth", "street", "card number")


@dataclass(frozen=True, slots=True)
class _Asked:
    """One delivery with details: how it went wrong, and what its reply shows of them."""

    way: str
    canary: Canary
    answer: Answer
    shown: str


def details_in_reply(kit: Kit) -> Script:
    """Replies to events that are accepted, repeated, refused and broken, headers too."""
    first = yield from _replies(kit, tuple(_WAYS) if kit.scheme.headers else tuple(_WAYS)[:-1])
    ways = [one.way for one in first if one.shown]
    again: Sequence[_Asked] = ()
    if ways:
        again = yield from _replies(kit, tuple(ways) * (REPEATS - 1))
    proof = tuple(one.canary for one in first if one.shown or not ways)
    for way in ways:
        own = [one for one in (*first, *again) if one.way == way]
        if all(one.shown for one in own):
            count = len(own)
            reason = f"the reply to a delivery {way} shows {own[0].shown}, {count} of {count} times"
            return Verdict(Outcome.FAIL, Confidence.HIGH, reason, proof)
    if ways:
        reason = f"the reply to a delivery {ways[0]} showed details, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    replies = [one.answer for one in first if isinstance(one.answer, Reply)]
    if any(_packed(reply) for reply in replies):
        reason = "a reply came compressed though nobody offered to take that, so it was not read"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    if not any(reply.acknowledged for reply in replies):
        reason = "no event with personal details was accepted"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    reason = f"no personal details in {len(replies)} replies, nor in their headers"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, proof)


def _replies(kit: Kit, ways: Sequence[str]) -> Part[list[_Asked]]:
    people = [somebody(kit) for _ in ways]
    genuine = [about(kit, person) for person in people]
    answers = yield from send_all(
        Send(_WAYS[way](kit, one), way, (one.canary,), url=url_for(kit, one.delivery.body))
        for way, one in zip(ways, genuine, strict=True)
    )
    repeated = yield from send_all(
        Send(one.delivery, "sent again", (one.canary,))
        for way, one in zip(ways, genuine, strict=True)
        if way == _ACCEPTED
    )
    later = iter(repeated)
    asked = []
    for way, person, one, answer in zip(ways, people, genuine, answers, strict=True):
        needles = told_in(one.event.payload, person).needles()
        shown = _shown(answer, needles)
        if way == _ACCEPTED:
            shown = shown or _shown(next(later), needles)
        asked.append(_Asked(way, one.canary, answer, shown))
    return asked


_ACCEPTED = "that it accepts"


def _cut_off(kit: Kit, genuine: Genuine) -> Delivery:
    return kit.signed(genuine.delivery.body[:-2], genuine.canary)


def _of_wrong_type(kit: Kit, genuine: Genuine) -> Delivery:
    payload = genuine.event.payload
    return kit.with_payload(genuine, {**payload, "locationId": [7], "dnd": "perhaps", "tags": 7})


_WAYS: dict[str, Callable[[Kit, Genuine], Delivery]] = {
    _ACCEPTED: lambda _kit, one: one.delivery,
    "cut off before its end": _cut_off,
    "with fields of the wrong type": _of_wrong_type,
    "with a bad signature": lambda kit, one: badly_signed(kit, one.delivery),
}


def _shown(answer: Answer, needles: tuple[Needle, ...]) -> str:
    if not isinstance(answer, Reply):
        return ""
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers)
    found = found_in(answer.body + b"\n" + headers.encode("utf-8", "replace"), needles)
    return "" if found is None else found.name.replace(", ", " ", 1)


def _packed(reply: Reply) -> bool:
    return any(
        name.lower() == "content-encoding" and value.strip().lower() not in ("", "identity")
        for name, value in reply.headers
    )


def details_in_url(kit: Kit) -> Script:
    """Paths and queries of the calls upstream that an accepted event causes.

    Looking a contact up by its address is left alone where the API offers the query alone.
    """
    tries: list[tuple[Canary, Sequence[str], int]] = []
    while len(tries) < REPEATS and all(found for _, found, _ in tries):
        _, genuine, lines, needles = yield from _forwarded(kit)
        found = [f for line in lines if (f := _in_url(line, needles))]
        tries.append((genuine.canary, found, len(lines)))
    proof = tuple(canary for canary, _, _ in tries)
    counts = Counter(name for _, found, _ in tries for name in dict.fromkeys(found))
    name, count = next(iter(counts.most_common(1)), ("", 0))
    if count == REPEATS:
        reason = f"the URL of a call upstream holds {name}, {count} of {count} times"
        return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason, proof)
    if name:
        reason = f"the URL of a call upstream held {name}, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    calls = tries[-1][2]
    if not calls:
        reason = "no call upstream was seen about an event with personal details"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    reason = f"no personal details in the URLs of {calls} calls upstream"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, proof)


_Forwarded = tuple[Person, Genuine, tuple[LedgerEntry, ...], tuple[Needle, ...]]


def _forwarded(kit: Kit) -> Part[_Forwarded]:
    person = somebody(kit)
    genuine = about(kit, person)
    person = told_in(genuine.event.payload, person)
    answers = yield from send_all(
        [Send(genuine.delivery, "with personal details", (genuine.canary,))]
    )
    seen = yield from observe(genuine.canary, expected=acknowledged(answers[0]))
    return person, genuine, seen.lines or (), person.needles()


def _in_url(line: LedgerEntry, needles: tuple[Needle, ...]) -> str:
    path = line.path.partition("?")[0]
    if line.method.upper() == "GET" and path.rstrip("/") in _ONLY_BY_QUERY:
        return ""
    texts = f"{line.path}\n{unquote_plus(line.path)}".encode("utf-8", "replace")
    found = found_in(texts, needles)
    return "" if found is None else found.name.partition(", ")[0]


def needless_details(kit: Kit) -> Script:
    """What a receiver hands on, or keeps, of details that few purposes need.

    Nobody but its owner knows what it needs, so it is a warning, and `needed_fields` ends it.
    """
    tries: list[tuple[Canary, tuple[str, ...]]] = []
    while len(tries) < REPEATS and all(found for _, found in tries):
        person, genuine, lines, _ = yield from _forwarded(kit)
        if not lines and not tries:
            reason = "no call upstream was seen about an event with personal details"
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, (genuine.canary,))
        wanted = _undeclared(kit, person)
        sent = "\n".join(line.body for line in lines).encode("utf-8", "replace")
        found = [f"hands on {name}" for name in _held(wanted, sent)]
        if Need.STORE in kit.given:
            said = yield from ask_store(genuine.canary, *wanted.needles())
            kept = dict.fromkeys(name.partition(", ")[0] for name in said.held)
            found += [f"keeps {name}" for name in kept]
        tries.append((genuine.canary, tuple(found)))
    proof = tuple(canary for canary, _ in tries)
    counts = Counter(name for _, found in tries for name in found)
    steady = [name for name, count in counts.items() if count == REPEATS]
    if steady:
        fields = "needed_fields under audit in ghlctl.yaml"
        reason = f"{' and '.join(steady)}, {REPEATS} of {REPEATS} times; {fields} declares a need"
        return Verdict(Outcome.WARN, Confidence.HIGH, reason, proof)
    if counts:
        reason = f"{next(iter(counts))}, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    names = ", ".join(one.name for one in _undeclared(kit, somebody(kit)).details)
    reason = f"hands on nothing of this: {names}" if names else "every detail is declared as needed"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, proof)


def _undeclared(kit: Kit, person: Person) -> Person:
    wanted = [
        one.name
        for one in person.details
        if one.name in _DISPENSABLE and not {*one.fields, one.name}.intersection(kit.needed_fields)
    ]
    return person.named(wanted)


def _held(person: Person, content: bytes) -> list[str]:
    return [
        f"the {detail.name}"
        for detail in person.details
        if found_in(content, person.named([detail.name]).needles())
    ]


DETAILS_IN_REPLY = Check(
    About(
        id="PRV-04",
        name="details-in-reply",
        topic=Topic.PRIVACY,
        title="Answers without personal details",
        severity=Severity.MEDIUM,
        asks="events about people who do not exist, accepted, repeated, badly signed, cut off and "
        "with wrong types; their replies, headers too, are searched for the details",
        correct="a status and perhaps an id",
        why="replies end in the logs of the sender and of everything in between",
        remedy="acknowledge without a body, or with the delivery's id alone",
        references=(
            "CWE-200",
            "CWE-359",
            "ASVS v5.0.0-15.3.1",
            "ASVS v5.0.0-14.2.6",
            "API3:2023",
            "GDPR 5(1)(c)",
        ),
    ),
    details_in_reply,
    frozenset({Need.KEY}),
)

DETAILS_IN_URL = Check(
    About(
        id="PRV-05",
        name="details-in-url",
        topic=Topic.PRIVACY,
        title="Calls upstream without personal details in the URL",
        severity=Severity.MEDIUM,
        asks="accepted events about people who do not exist; paths and queries of the calls "
        "upstream are searched for their details",
        correct="ids in the path, details in the body alone",
        why="URLs are logged by every server and proxy on the way",
        remedy="look up by id; where only an address is known, use a search that takes a body",
        references=("CWE-598", "ASVS v5.0.0-14.2.1", "API3:2023", "GDPR 5(1)(f)"),
    ),
    details_in_url,
    frozenset({Need.KEY, Need.UPSTREAM}),
)

NEEDLESS_DETAILS = Check(
    About(
        id="PRV-13",
        name="needless-details",
        topic=Topic.PRIVACY,
        title="Hands on and keeps no more than its purpose needs",
        severity=Severity.MEDIUM,
        asks="accepted events with a date of birth, a street and a card number in free text; "
        "bodies of calls upstream, and with store_cmd what is kept, are searched for them",
        correct="absent, unless declared with needed_fields",
        why="what is not kept cannot leak, and need not be erased",
        remedy="map fields by an allow-list in place of copying the whole payload",
        references=(
            "CWE-359",
            "CWE-212",
            "ASVS v5.0.0-15.3.1",
            "ASVS v5.0.0-14.2.3",
            "API3:2023",
            "GDPR 5(1)(c)",
        ),
    ),
    needless_details,
    frozenset({Need.KEY, Need.UPSTREAM}),
)

CHECKS = (DETAILS_IN_REPLY, DETAILS_IN_URL, NEEDLESS_DETAILS)
