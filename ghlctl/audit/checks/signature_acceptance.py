"""Whether what is genuine is accepted in every form in which a sender may write it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.checks.signature_forgeries import signature_header
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Kit
from ghlctl.audit.raw import Line, said, whole
from ghlctl.audit.refusal import REPEATS, batched
from ghlctl.audit.script import (
    Check,
    Need,
    Part,
    Script,
    Send,
    Verdict,
    observe,
    send_all,
    talk,
)
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.signing.scheme import Covered
from ghlctl.transport.attempt import Answer, acknowledged

_BUSY = 429
_NAME = "Zoë Grüße 🚀 東京 path/to"
Make = Callable[[Kit], tuple[Delivery, Canary]]


@dataclass(frozen=True, slots=True)
class Oddity:
    """A genuine delivery in an unusual form, and the same in the usual one.

    `name` completes "refused a genuine delivery …". Where the usual form is refused as well, it
    is not the form that is at fault.
    """

    name: str
    odd: Make
    usual: Make


@dataclass(frozen=True, slots=True)
class Fared:
    """`reached` is False where it was put off or got no answer, which says nothing."""

    oddity: Oddity
    canary: Canary
    acted: bool
    reached: bool
    said: str


def must_accept(kit: Kit, oddities: Sequence[Oddity]) -> Script:
    """Send each; what is refused is asked again beside its usual form."""
    first = yield from _ask(kit, [(one, one.odd) for one in oddities])
    refused = [fared.oddity for fared in first if not fared.acted]
    if not refused:
        sure = Confidence.CONFIRMED if kit.oracle else Confidence.MEDIUM
        reason = f"accepted in all {len(oddities)} forms"
        return Verdict(Outcome.PASS, sure, reason, tuple(one.canary for one in first))
    again: list[Fared] = []
    usual: list[Fared] = []
    for _ in range(REPEATS - 1):
        usual += yield from _ask(kit, [(one, one.usual) for one in refused])
        again += yield from _ask(kit, [(one, one.odd) for one in refused])
    return _judge(kit, refused, [*first, *again], usual)


def _judge(
    kit: Kit, doubtful: Sequence[Oddity], odd: Sequence[Fared], usual: Sequence[Fared]
) -> Verdict:
    """Refused every time, while the usual form was accepted every time: it is the form."""
    refused, unusual, unclear = [], [], []
    for one in doubtful:
        tries = [fared for fared in odd if fared.oddity is one]
        plain = [fared for fared in usual if fared.oddity is one]
        if all(fared.reached and not fared.acted for fared in plain):
            unusual.append(one.name)
        elif all(f.reached and not f.acted for f in tries) and all(f.acted for f in plain):
            refused.append(one)
        else:
            unclear.append(one.name)
    if refused:
        shown = [fared for fared in (*odd, *usual) if fared.oddity in refused]
        sure = Confidence.CONFIRMED if kit.oracle else Confidence.HIGH
        names = "; ".join(one.name for one in refused)
        answers = ", ".join(dict.fromkeys(f.said for f in odd if f.oddity in refused))
        reason = (
            f"refused {REPEATS} of {REPEATS} times a genuine delivery {names} ({answers}), "
            "and accepted the same in its usual form"
        )
        return Verdict(Outcome.FAIL, sure, reason, tuple(one.canary for one in shown))
    shown = [fared for fared in odd if fared.oddity in doubtful]
    canaries = tuple(one.canary for one in shown)
    if unclear:
        reason = f"not every time the same: a genuine delivery {'; '.join(unclear)}"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, canaries)
    sure = Confidence.CONFIRMED if kit.oracle else Confidence.MEDIUM
    reason = f"whatever its form, refused what stands in one {'; '.join(unusual)}"
    return Verdict(Outcome.PASS, sure, reason, canaries)


def _ask(kit: Kit, asked: Sequence[tuple[Oddity, Make]]) -> Part[list[Fared]]:
    sends: list[Send] = []
    answers: list[Answer] = []
    for some in batched(asked):
        made = [make(kit) for _, make in some]
        volley = [
            Send(delivery, f"genuine {one.name}" if make is one.odd else "its usual form", (mark,))
            for (one, make), (delivery, mark) in zip(some, made, strict=True)
        ]
        sends += volley
        answers += yield from send_all(volley)
    promised = [
        send.canaries[0]
        for send, answer in zip(sends, answers, strict=True)
        if acknowledged(answer)
    ]
    if promised:
        yield from observe(*promised, expected=True, settle=False)
    refused = [one.canaries[0] for one in sends if one.canaries[0] not in promised]
    seen = yield from observe(*(one.canaries[0] for one in sends), settle=bool(refused))
    return [
        Fared(
            one,
            send.canaries[0],
            bool(kit.footprint.acts(seen.of(send.canaries)))
            if kit.oracle
            else acknowledged(answer),
            isinstance(answer, Reply) and answer.status != _BUSY,
            _shown(answer),
        )
        for (one, _), send, answer in zip(asked, sends, answers, strict=True)
    ]


def _shown(answer: Answer) -> str:
    return f"answered {answer.status}" if isinstance(answer, Reply) else answer.text


def unusual_bytes(kit: Kit) -> Script:
    """Genuinely signed JSON that is written as others write it."""
    return must_accept(
        kit,
        [
            _body("pretty-printed", _indented, _compact),
            _body("with spaces between its parts", json.dumps, _ascii),
            _body("with letters written as \\u escapes", _ascii, _compact),
            _body("with letters beyond ASCII as they are", _compact, _ascii),
            _body("with escaped slashes", _slashed, _compact),
            _body("with its names in reverse order", _backwards, _compact),
            _body("with a line end after it", lambda payload: _compact(payload) + "\n", _compact),
            _body("with numbers written 1e2 and 1.0", _numbers("1e2", "1.0"), _numbers("100", "1")),
        ],
    )


Write = Callable[[dict[str, Any]], str]


def _body(name: str, odd: Write, usual: Write) -> Oddity:
    return Oddity(name, _written(odd), _written(usual))


def _written(write: Write) -> Make:
    def make(kit: Kit) -> tuple[Delivery, Canary]:
        genuine = kit.genuine()
        payload = dict(genuine.event.payload)
        named = next((one for one in _NAMES if isinstance(payload.get(one), str)), _NAMES[0])
        text = write(payload | {named: _NAME})
        return kit.signed(text.encode(), genuine.canary, at=genuine.at), genuine.canary

    return make


_NAMES = ("firstName", "first_name", "name")


def _compact(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def _ascii(payload: dict[str, Any]) -> str:
    return json.dumps(payload, separators=(",", ":"))


def _indented(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, indent=2)


def _slashed(payload: dict[str, Any]) -> str:
    return _compact(payload).replace("/", "\\/")


def _backwards(payload: dict[str, Any]) -> str:
    return _compact(dict(reversed(payload.items())))


def _numbers(large: str, one: str) -> Write:
    """In a field of their own, so that no field's type is at stake."""
    return lambda payload: f'{_compact(payload)[:-1]},"ghlctlNumbers":[{large},{one}]}}'


def header_names(kit: Kit) -> Script:
    """Header names in other cases, of which none is a name of its own; and HTTP/1.0, noted."""
    genuine = kit.genuine()
    plain = whole(kit, genuine.delivery, Line(version="HTTP/1.0"))
    old = yield from talk(said(plain, "genuine over HTTP/1.0", genuine.canary, within_s=5.0))
    verdict = yield from must_accept(
        kit,
        [
            Oddity("with header names in lower case", _cased(str.lower), _cased(str)),
            Oddity("with header names in upper case", _cased(str.upper), _cased(str)),
            Oddity("with header names in mixed case", _cased(str.swapcase), _cased(str)),
        ],
    )
    seen = yield from observe(genuine.canary, settle=False)
    taken = kit.footprint.acts(seen.of([genuine.canary])) or not kit.oracle
    note = "over HTTP/1.0 too" if taken and old.replies else f"over HTTP/1.0 {old.text}"
    return replace(verdict, reason=f"{verdict.reason}; {note}")


def _cased(case: Callable[[str], str]) -> Make:
    def make(kit: Kit) -> tuple[Delivery, Canary]:
        genuine = kit.genuine()
        own = {name.lower() for name in (*kit.scheme.headers, signature_header(kit))}
        headers = tuple(
            (case(name) if name.lower() in own else name, value)
            for name, value in genuine.delivery.headers
        )
        return replace(genuine.delivery, headers=headers), genuine.canary

    return make


UNUSUAL_BYTES = Check(
    About(
        id="SIG-10",
        name="unusual-bytes",
        topic=Topic.SIGNATURE,
        title="Accepts a genuine signature over any bytes",
        severity=Severity.HIGH,
        asks="genuinely signed events pretty-printed, with escapes, emoji, 1e2, another order, a "
        "line end; what is refused, once more in its usual form",
        correct="a 2xx reply, and acted on as any other",
        why="a receiver that signs its own rendering of the JSON refuses what is genuine; people "
        "then switch the verification off",
        remedy="keep the raw body (request.body(), express.raw) and verify that",
        references=("CWE-354", "CWE-436", "ASVS v5.0.0-1.5.3", "API8:2023"),
    ),
    unusual_bytes,
    frozenset({Need.KEY}),
    Fits(covers=frozenset({Covered.BODY, Covered.FORM_FIELDS})),
)

HEADER_NAMES = Check(
    About(
        id="SIG-21",
        name="header-case",
        topic=Topic.SIGNATURE,
        title="Finds the signature header however its name is written",
        severity=Severity.MEDIUM,
        asks="genuine deliveries with header names in lower, upper and mixed case; HTTP/1.0",
        correct="a 2xx reply, and acted on; HTTP/1.0 may be refused",
        why="names of headers have no case, and HTTP/2 sends them in lower case: one proxy more "
        "and every delivery is lost",
        remedy="look headers up without regard to case",
        references=("CWE-178", "ASVS v5.0.0-4.1.4"),
    ),
    header_names,
    frozenset({Need.KEY}),
    Fits(signed=True),
)

CHECKS = (UNUSUAL_BYTES, HEADER_NAMES)
