"""Whether a payload can write lines of its own into the log."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.checks.compliance_refusals import marked
from ghlctl.audit.checks.privacy_logs import not_its_log
from ghlctl.audit.checks.signature_forgeries import badly_signed, url_for
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import (
    Check,
    Need,
    Needle,
    Part,
    Script,
    Send,
    Verdict,
    observe,
    search_logs,
    send_all,
)
from ghlctl.audit.steps import LogFound
from ghlctl.model.delivery import Delivery
from ghlctl.model.finding import Confidence, Outcome, Severity


def forged_line(kit: Kit) -> Script:
    """Line ends in the fields that receivers log, each followed by a line of our own making.

    The catalogue asks about exceptions of several lines too. Those are how most languages print
    them and forge nothing, so they are left alone.
    """
    fields = tuple(_FIELDS)
    first = yield from _injected(kit, fields)
    if first is None:
        return not_its_log()
    found = [one for one in first if one.broke]
    again: Sequence[_Injected] = ()
    if found:
        again = (yield from _injected(kit, [one.field for one in found] * (REPEATS - 1))) or ()
    proof = tuple(one.canary for one in found or first)
    for one in found:
        own = [each for each in (*found, *again) if each.field == one.field]
        if all(each.broke for each in own) and len(own) == REPEATS:
            reason = (
                f"a line end in {one.field} begins a line of its log, {REPEATS} of {REPEATS} times"
            )
            return Verdict(Outcome.FAIL, Confidence.HIGH, reason, proof)
    if found:
        reason = f"a line end in {found[0].field} began a line of its log, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    shown = sum(one.shown for one in first)
    reason = f"line ends in {len(fields)} places begin no line of its log ({shown} of them shown)"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, proof)


@dataclass(frozen=True, slots=True)
class _Injected:
    """`broke`: a line of the log begins with what was sent; `shown`: it stands in one at all."""

    field: str
    canary: Canary
    broke: bool
    shown: bool


def _injected(kit: Kit, fields: Sequence[str]) -> Part[list[_Injected] | None]:
    genuine = [kit.genuine() for _ in fields]
    tokens = [f"ghlctl-forged-{kit.random.getrandbits(48):012x}" for _ in fields]
    deliveries = [
        _with_line(kit, one, field, token)
        for one, field, token in zip(genuine, fields, tokens, strict=True)
    ]
    yield from send_all(
        Send(delivery, f"with line ends in {field}", (one.canary,), url=url_for(kit, delivery.body))
        for delivery, field, one in zip(deliveries, fields, genuine, strict=True)
    )
    yield from observe(*(one.canary for one in genuine), any_act=True)
    logged = yield from marked(kit, kit.genuine(), ())
    if not logged.seen:
        return None
    logged = yield from search_logs(Needle(token, token.encode()) for token in tokens)
    return [
        _Injected(field, one.canary, _begins(logged, token), _stands(logged, token))
        for field, one, token in zip(fields, genuine, tokens, strict=True)
    ]


def _begins(logged: LogFound, token: str) -> bool:
    begins = re.compile(rb"(?:^|\r)\s*" + token.encode())
    return any(begins.search(hit.content) for hit in logged.hits if hit.needle == token)


def _stands(logged: LogFound, token: str) -> bool:
    return any(hit.needle == token for hit in logged.hits)


_NAMES = ("firstName", "lastName", "name", "first_name", "last_name", "full_name", "companyName")
_FIELDS: dict[str, tuple[str, ...]] = {
    "a name": _NAMES,
    "the type": ("type",),
    "the location": ("locationId",),
    "the contact's id": ("id", "contactId", "contact_id"),
    "the delivery's id": ("webhookId",),
    "the app": ("appId",),
    "the address": ("email", "phone", "source"),
    "any field, unsigned": (),
}


def _with_line(kit: Kit, genuine: Genuine, field: str, token: str) -> Delivery:
    names = _FIELDS[field]
    payload = {
        name: f"{value}\n{token} accepted\r\n{token} accepted"
        if isinstance(value, str) and (name in names or not names)
        else value
        for name, value in genuine.event.payload.items()
    }
    delivery = kit.with_payload(genuine, payload)
    return delivery if names else badly_signed(kit, delivery) if kit.scheme.headers else delivery


FORGED_LINE = Check(
    About(
        id="PRV-08",
        name="forged-record",
        topic=Topic.COMPLIANCE,
        title="Lets nobody write lines of its own into the log",
        severity=Severity.MEDIUM,
        asks="events with line ends in names, type, location and ids, signed and not; then whether "
        "a line of the log begins with what stood after them",
        correct="line ends escaped, one record a line",
        why="a forged line covers tracks, or accuses somebody else",
        remedy="log JSON or escape control characters; never format payloads into lines",
        references=("CWE-117", "ASVS v5.0.0-16.4.1", "GDPR 5(1)(f)"),
    ),
    forged_line,
    frozenset({Need.KEY, Need.LOG}),
)

CHECKS = (FORGED_LINE,)
