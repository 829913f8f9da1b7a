"""Whether personal details get into the receiver's log, and who may read it.

Details are made up for each delivery, so that a line that holds one can have it from nowhere else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.checks.signature_forgeries import badly_signed, url_for
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.needs import missing
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
    fail_upstream,
    observe,
    search_logs,
    send,
    send_all,
)
from ghlctl.audit.steps import LogHit
from ghlctl.model.delivery import Delivery
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.transport.attempt import acknowledged

_SHOWN = 4
_WORLD_READS, _WORLD_WRITES = 0o004, 0o002


def details_in_log(kit: Kit) -> Script:
    """Accepted events about people who do not exist, then the log."""
    return (yield from _accepted(kit, Person.needles, "personal details", Outcome.FAIL))


def digests_in_log(kit: Kit) -> Script:
    """The same, searched for digests: an address that can be guessed can be looked up by them.

    Eight characters of a digest may stand in a log by chance; chance does not come three times.
    """
    return (yield from _accepted(kit, Person.digests, "digests of personal details", Outcome.WARN))


def _accepted(
    kit: Kit, needles: Callable[[Person], tuple[Needle, ...]], what: str, found: Outcome
) -> Script:
    tries: list[_Looked] = []
    while len(tries) < REPEATS and all(one.hits for one in tries):
        one = yield from _look(kit, needles)
        if one.why_not is not None:
            return one.why_not
        tries.append(one)
    proof = tuple(one.canary for one in tries)
    if all(one.hits for one in tries):
        count = len(tries)
        reason = f"its log shows {shown_hits(tries[-1].hits)}, {count} of {count} times"
        return Verdict(found, Confidence.HIGH, reason, proof)
    if not all(map(_by_chance, tries)):
        reason = f"its log showed {shown_hits(tries[0].hits)}, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    last = tries[-1]
    names = ", ".join(detail.name for detail in last.person.details)
    reason = f"no {what} in its log ({names}; {len(needles(last.person))} spellings)"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, proof)


def _by_chance(looked: "_Looked") -> bool:
    """Eight characters of a digest, once, may be anybody's."""
    return all("first 8 of" in hit.needle for hit in looked.hits)


@dataclass(frozen=True, slots=True)
class _Looked:
    """`why_not`: nothing can be said, and why."""

    canary: Canary
    person: Person
    hits: tuple[LogHit, ...]
    why_not: Verdict | None = None


def _look(kit: Kit, needles: Callable[[Person], tuple[Needle, ...]]) -> Part[_Looked]:
    person = somebody(kit)
    genuine = about(kit, person)
    person = told_in(genuine.event.payload, person)
    mark = genuine.canary
    answer = yield from send(genuine.delivery, "with personal details", mark)
    yield from observe(mark, expected=acknowledged(answer))
    logged = yield from search_logs(needles(person), *mark.texts)
    why_not = None
    if not acknowledged(answer):
        reason = "an event with personal details was not accepted, so nothing was logged of it"
        why_not = Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, (mark,))
    elif not person.details:
        reason = f"events of type {kit.event_type} carry no personal details here"
        why_not = Verdict(Outcome.NOT_APPLICABLE, Confidence.HIGH, reason, (mark,))
    elif not logged.seen and not logged.hits:
        why_not = not_its_log(mark)
    return _Looked(mark, person, logged.hits, why_not)


def not_its_log(*canaries: Canary) -> Verdict:
    reason = f"{missing([Need.LOG])}, with lines about accepted deliveries"
    return Verdict(Outcome.NOT_TESTED, Confidence.HIGH, reason, canaries)


def shown_hits(hits: Sequence[LogHit]) -> str:
    """Which details stand where, the details themselves left out."""
    places: dict[str, str] = {}
    for hit in hits:
        detail, _, how = hit.needle.partition(", ")
        file = hit.file.rpartition("/")[2]
        places.setdefault(detail, f"{detail} {how} ({file}:{hit.line})")
    more = len(places) - _SHOWN
    return ", ".join([*list(places.values())[:_SHOWN], *([f"{more} more"] if more > 0 else [])])


@dataclass(frozen=True, slots=True)
class _Way:
    """A way in which deliveries go wrong. `inside`: only after they were accepted."""

    name: str
    make: Callable[[Kit, Genuine], Delivery]
    upstream_status: int = 0

    @property
    def inside(self) -> bool:
        return self.upstream_status > 0


@dataclass(frozen=True, slots=True)
class _Gone:
    """A delivery that went one of these ways, about a person of its own."""

    way: _Way
    person: Person
    genuine: Genuine
    hits: tuple[LogHit, ...] = ()


def details_in_error_log(kit: Kit) -> Script:
    """Events that are refused, or break on their way: their lines are written by other code.

    What breaks inside counts only where an event that does not break leaves nothing in the log.
    """
    ways = _ways(kit)
    first = yield from _went(kit, ways)
    if first is None:
        return not_its_log()
    leaking = [one.way for one in first if one.hits]
    again: list[_Gone] = []
    if leaking:
        again = (yield from _went(kit, leaking * (REPEATS - 1))) or []
    proof = tuple(one.genuine.canary for one in first if one.hits or not leaking)
    for way in leaking:
        own = [one for one in (*first, *again) if one.way is way]
        if sum(bool(one.hits) for one in own) == REPEATS:
            shown = shown_hits(own[0].hits)
            reason = f"of a delivery {way.name} its log shows {shown}, {REPEATS} of {REPEATS} times"
            return Verdict(Outcome.FAIL, Confidence.HIGH, reason, proof)
    if leaking:
        reason = f"of a delivery {leaking[0].name} its log showed details, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    names = "; ".join(way.name for way in ways)
    reason = f"no personal details in its log of deliveries {names}"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, proof)


def _went(kit: Kit, ways: Sequence[_Way]) -> Part[list[_Gone] | None]:
    """None where the log tells nothing of an accepted one, which goes last."""
    gone = [_one(kit, way) for way in ways]
    for one in gone:
        if one.way.upstream_status:
            status = one.way.upstream_status
            yield from fail_upstream(one.genuine.canary, status=status)
    answers = yield from send_all(
        Send(
            one.way.make(kit, one.genuine),
            one.way.name,
            (one.genuine.canary,),
            url=url_for(kit, one.genuine.delivery.body),
        )
        for one in gone
    )
    taken = [
        one.genuine.canary
        for one, answer in zip(gone, answers, strict=True)
        if acknowledged(answer)
    ]
    yield from observe(*(taken or [one.genuine.canary for one in gone]), any_act=True)
    person = somebody(kit)
    fine = about(kit, person)
    answer = yield from send(fine.delivery, "that nothing is wrong with", fine.canary)
    yield from observe(fine.canary, expected=acknowledged(answer))
    usual = yield from search_logs(person.needles(), *fine.canary.texts)
    if not usual.seen and not usual.hits:
        return None
    looked = []
    for one in gone:
        logged = yield from search_logs(one.person.needles())
        counts = not (one.way.inside and usual.hits)
        looked.append(replace(one, hits=logged.hits if counts else ()))
    return looked


def _one(kit: Kit, way: _Way) -> _Gone:
    person = somebody(kit)
    return _Gone(way, person, about(kit, person))


def _ways(kit: Kit) -> tuple[_Way, ...]:
    ways = [
        _Way("cut off before its end", _cut_off),
        _Way("with fields of the wrong type", _of_wrong_type),
    ]
    if kit.scheme.headers:
        ways = [
            _Way("with a bad signature", lambda kit, one: badly_signed(kit, one.delivery)),
            _Way("without a signature", lambda kit, one: kit.unsigned(one)),
            *ways,
        ]
    if Need.FAULTS in kit.given:
        ways += [
            _Way("that the upstream answers 500", _as_it_is, upstream_status=500),
            _Way("that the upstream answers 422", _as_it_is, upstream_status=422),
        ]
    return tuple(ways)


def _as_it_is(_kit: Kit, genuine: Genuine) -> Delivery:
    return genuine.delivery


def _cut_off(kit: Kit, genuine: Genuine) -> Delivery:
    return kit.signed(genuine.delivery.body[:-2], genuine.canary)


def _of_wrong_type(kit: Kit, genuine: Genuine) -> Delivery:
    payload = genuine.event.payload
    return kit.with_payload(genuine, {**payload, "locationId": [7], "dnd": "perhaps", "tags": 7})


def readable_log(_kit: Kit) -> Script:
    """Permissions of the files that were given. Nothing is sent."""
    found = yield from search_logs(())
    files = {file.rpartition("/")[2]: mode for file, mode in found.modes}
    for bit, what in ((_WORLD_WRITES, "written"), (_WORLD_READS, "read")):
        open_ones = [f"{file} ({mode:04o})" for file, mode in files.items() if mode & bit]
        if open_ones:
            reason = f"may be {what} by every user of its machine: {', '.join(open_ones)}"
            return Verdict(Outcome.WARN, Confidence.HIGH, reason)
    if not files:
        return not_its_log()
    modes = ", ".join(f"{file} {mode:04o}" for file, mode in files.items())
    return Verdict(Outcome.PASS, Confidence.HIGH, f"not for everybody: {modes}")


DETAILS_IN_LOG = Check(
    About(
        id="PRV-01",
        name="details-in-log",
        topic=Topic.PRIVACY,
        title="Keeps personal details out of its log",
        severity=Severity.HIGH,
        asks="accepted events about people who do not exist; their address, phone number in six "
        "formats, names, street, date of birth and a card number in free text are then searched "
        "for in the log, in JSON, URL, HTML, base64 and hex too",
        correct="ids, or details masked or replaced by tokens",
        why="logs are copied to more places, kept longer and read by more people than any store",
        remedy="log ids and outcomes; redact by an allow-list of fields, not by a list of secrets",
        references=(
            "CWE-532",
            "CWE-359",
            "ASVS v5.0.0-16.2.5",
            "ASVS v5.0.0-14.2.4",
            "API3:2023",
            "GDPR 5(1)(c)",
            "GDPR 5(1)(f)",
            "CCPA 1798.100",
        ),
    ),
    details_in_log,
    frozenset({Need.KEY, Need.LOG}),
)

DETAILS_IN_ERROR_LOG = Check(
    About(
        id="PRV-02",
        name="details-in-error-log",
        topic=Topic.PRIVACY,
        title="Keeps personal details of failed deliveries out of its log",
        severity=Severity.HIGH,
        asks="events with bad signatures, broken JSON and wrong types, and, with an upstream that "
        "fails on command, such as break on their way; then the log",
        correct="a reason and an id, never the body",
        why="error paths log the whole body to help debugging, and strangers can fill it",
        remedy="log why a delivery failed and its id; keep bodies of exceptions out of the log",
        references=(
            "CWE-532",
            "CWE-209",
            "ASVS v5.0.0-16.2.5",
            "ASVS v5.0.0-16.5.1",
            "API8:2023",
            "GDPR 5(1)(f)",
        ),
    ),
    details_in_error_log,
    frozenset({Need.KEY, Need.LOG}),
)

DIGESTS_IN_LOG = Check(
    About(
        id="PRV-03",
        name="digests-in-log",
        topic=Topic.PRIVACY,
        title="Logs no unsalted digests of addresses or numbers",
        severity=Severity.MEDIUM,
        asks="accepted events; then the log is searched for MD5, SHA-1 and SHA-256 of their "
        "address and phone number, whole and cut",
        correct="absent, or keyed",
        why="whoever has a list of addresses finds each in the log by hashing the list",
        remedy="HMAC with a key that is kept elsewhere, or a random token",
        references=("CWE-759", "ASVS v5.0.0-14.2.4", "GDPR 5(1)(f)"),
    ),
    digests_in_log,
    frozenset({Need.KEY, Need.LOG}),
)

READABLE_LOG = Check(
    About(
        id="PRV-15",
        name="readable-log",
        topic=Topic.PRIVACY,
        title="Keeps its log from other users of the machine",
        severity=Severity.LOW,
        asks="the permissions of the log files that were given",
        correct="not readable by everybody",
        why="any account on the machine, also a service that was broken into, reads along",
        remedy="create logs with mode 0640, owned by the service's own user",
        references=("CWE-732", "ASVS v5.0.0-16.4.2", "API8:2023"),
    ),
    readable_log,
    frozenset({Need.LOG}),
)

CHECKS = (DETAILS_IN_LOG, DETAILS_IN_ERROR_LOG, DIGESTS_IN_LOG, READABLE_LOG)
