"""Whether text arrives as it was sent, in any alphabet and encoding, and breaks nothing."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote, unquote

from ghlctl.audit.about import About, Topic
from ghlctl.audit.corpora import NAUGHTY
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.probing import (
    Came,
    Posed,
    Probe,
    Reading,
    Wrong,
    breaks,
    changed,
    must_hold,
    posed,
    rewritten,
    token,
)
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import Check, Need, Needle, Part, Script, Verdict, search_logs
from ghlctl.model.delivery import Reply
from ghlctl.model.finding import Confidence, Outcome, Severity

_TEXTS = ("name", "firstName", "lastName", "companyName", "source", "city", "address1", "state")
_UNAUTHENTIC = (401, 403)


def unicode(kit: Kit) -> Script:
    """Bodies that are no UTF-8, texts that are no text, and ids that only look like another."""
    probes = [
        *(rewritten(name, change) for name, change in _BYTES),
        *(Probe(f"with {name} after the id", _id_with(ends)) for name, ends in _ENDS),
    ]
    worth = Confidence.CONFIRMED if kit.ledger else Confidence.HIGH
    return (yield from must_hold(kit, probes, worth=worth))


def _inside(raw: bytes) -> Callable[[bytes, Genuine], bytes]:
    return lambda body, _genuine: body[:-1] + b',"notes":"' + raw + b'"}'


_BYTES: tuple[tuple[str, Callable[[bytes, Genuine], bytes]], ...] = (
    ("with half a surrogate pair", _inside(rb"\ud83d")),
    ("with a NUL", _inside(rb"\u0000")),
    ("with a byte order mark", lambda body, _g: b"\xef\xbb\xbf" + body),
    ("with a byte that is no UTF-8", _inside(b"\xff")),
    ("with an overlong slash", _inside(b"\xc0\xaf")),
    ("with a surrogate in UTF-8", _inside(b"\xed\xa0\x80")),
    ("in UTF-16", lambda body, _g: body.decode().encode("utf-16")),
    ("with the wrong half of a surrogate pair", _inside(rb"\udc00")),
)
_ENDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("a decomposed letter", ("e\u0301", "\u00e9")),
    ("an unseen character", ("\u200b", "")),
    ("a NUL", ("\x00x", "")),
    ("a full-width letter", ("\uff21", "A")),
    ("half a surrogate pair", ("\ud800", "")),
)
"""What is put after an id, and what somebody would read who takes the two for the same."""


def _id_with(ends: tuple[str, ...]) -> Callable[[Kit], Posed]:
    """Written as a JSON escape, so that even what is no text can be sent."""
    end, taken_for = ends

    def pose(kit: Kit) -> Posed:
        genuine = kit.genuine()
        mark = genuine.canary.contact_id
        spelt = "".join(f"\\u{ord(char):04x}" for char in end)
        body = genuine.delivery.body.replace(f'"{mark}"'.encode(), f'"{mark}{spelt}"'.encode())
        read = _merged(mark + taken_for)
        return Posed(kit.signed(body, genuine.canary), (genuine.canary,), read)

    return pose


def _merged(other: str) -> Reading:
    """The id of another record stands in the path upstream."""

    def read(came: Came) -> Wrong | None:
        for line in came.lines:
            segments = unquote(line.path.partition("?")[0]).split("/")
            if other in segments:
                return Wrong("took an id for another that only looks like it")
        return breaks(came)

    return read


def charsets(kit: Kit) -> Script:
    """UTF-8 under another charset's name, which JSON does not know of."""
    probes = [
        Probe(f"as application/json; charset={name}", _under(name))
        for name in ("utf-16", "utf-7", "latin1", "shift_jis", "nonsense")
    ]
    return (yield from must_hold(kit, probes))


def _under(charset: str) -> Callable[[Kit], Posed]:
    def pose(kit: Kit) -> Posed:
        genuine = kit.genuine()
        mark = token(genuine)
        payload = {**genuine.event.payload, **dict.fromkeys(_TEXTS, f"\u00e9{mark}")}
        body = kit.with_payload(genuine, payload).body
        kind = f"application/json; charset={charset}"
        delivery = kit.signed(body, genuine.canary, content_type=kind)
        return Posed(delivery, (genuine.canary,), _other_text(mark))

    return pose


def _other_text(mark: str) -> Reading:
    wrong = tuple(f"{text}{mark}" for text in ("\u00c3\u00a9", "\\u00c3\\u00a9", "\uff83\uff69"))

    def read(came: Came) -> Wrong | None:
        if any(text in line.body for line in came.lines for text in wrong):
            return Wrong("read the signed bytes as another text than they are")
        match came.answer:
            case Reply(status=status) if status in _UNAUTHENTIC:
                what = f"took a genuine signature for a forgery ({status})"
                return Wrong(what, Confidence.HIGH, Outcome.WARN)
            case _:
                return breaks(came)

    return read


def naughty_strings(kit: Kit) -> Script:
    """Texts over which programs have stumbled, several in each event."""
    size = len(_TEXTS)
    groups = [NAUGHTY[start : start + size] for start in range(0, len(NAUGHTY), size)]
    probes = [
        changed(f"with {group[0][:12]!r} and {len(group) - 1} more", _texts(group))
        for group in groups
    ]
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


def _texts(group: tuple[str, ...]) -> Callable[[Genuine, Kit], dict[str, object]]:
    def fields(genuine: Genuine, _kit: Kit) -> dict[str, object]:
        tagged = {"tags": list(group)} if "tags" in genuine.event.payload else {}
        return {**dict(zip(_TEXTS, group, strict=False)), **tagged, "notes": " ".join(group)[:3000]}

    return fields


def forged_log_lines(kit: Kit) -> Script:
    """Line breaks followed by a line that looks like the log's own, in fields and the query."""
    tried: list[tuple[str, str]] = []
    for _ in range(REPEATS):
        mark = f"forged{kit.random.randrange(10**9, 10**10)}"
        written = yield from _logged(kit, mark)
        if not written:
            break
        tried.append((mark, written))
    if len(tried) == REPEATS:
        reason = f"{tried[0][1]}, {REPEATS} of {REPEATS} times"
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason)
    if tried:
        reason = f"{tried[0][1]}, but not every time that it was repeated"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)
    reason = "no line of the log began with text from an event, and none held an escape"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason)


def _logged(kit: Kit, mark: str) -> Part[str]:
    """What the log shows of one round, "" for nothing wrong."""
    yield from posed(
        kit, [Probe(f"with line breaks in {name}", one) for name, one in _breaking(mark)]
    )
    found = yield from search_logs([Needle("the forged line", mark.encode())])
    for hit in found.hits:
        if hit.content.lstrip().startswith(f"INFO {mark}".encode()):
            return f"a line of {hit.file} begins with text from an event"
        if b"accepted\x1b[" in hit.content:  # a log may colour its own words
            return f"a terminal's escape from an event stands in {hit.file} as it was sent"
    return ""


def _breaking(mark: str) -> tuple[tuple[str, Callable[[Kit], Posed]], ...]:
    line = f"x\r\nINFO {mark} accepted\x1b[2K\u2028\u0085\nINFO {mark} accepted"

    def signed(names: tuple[str, ...]) -> Callable[[Kit], Posed]:
        def pose(kit: Kit) -> Posed:
            genuine = kit.genuine()
            payload = {**genuine.event.payload, **dict.fromkeys(names, line)}
            return Posed(kit.with_payload(genuine, payload), (genuine.canary,))

        return pose

    def unsigned(kit: Kit) -> Posed:
        genuine = kit.genuine()
        payload = {**genuine.event.payload, "type": line, "email": line}
        body = kit.with_payload(genuine, payload).body
        delivery = replace(kit.unsigned(genuine), body=body)
        return Posed(delivery, (genuine.canary,))

    def queried(kit: Kit) -> Posed:
        genuine = kit.genuine()
        mark_ = "&" if "?" in kit.request.url else "?"
        url = f"{kit.request.url}{mark_}x={quote(line)}"
        return Posed(kit.unsigned(genuine), (genuine.canary,), url=url)

    return (
        ("texts", signed(("name", "firstName", "lastName", "source"))),
        ("email", signed(("email",))),
        ("type", signed(("type",))),
        ("id", signed(("id",))),
        ("locationId", signed(("locationId",))),
        ("webhookId", signed(("webhookId",))),
        ("timestamp", signed(("timestamp",))),
        ("an unsigned event", unsigned),
        ("the query", queried),
    )


UNICODE = Check(
    About(
        id="INP-22",
        name="unicode-breaks",
        topic=Topic.INPUT,
        title="Keeps text as it is in any encoding, or refuses it",
        severity=Severity.MEDIUM,
        asks="genuinely signed bodies that are no UTF-8, and ids that only look like another",
        correct="a 4xx reply, or passed on unchanged; never a 5xx, no two ids taken for one",
        why="what is put right on the way belongs to somebody else afterwards",
        remedy="decode as strict UTF-8, and compare ids as they are, by a pattern of plain letters",
        references=(
            "CWE-176",
            "CWE-172",
            "CWE-180",
            "ASVS v5.0.0-1.1.1",
            "ASVS v5.0.0-1.5.3",
            "API10:2023",
            "RFC 8259",
        ),
    ),
    unicode,
    frozenset({Need.KEY}),
)

CHARSETS = Check(
    About(
        id="INP-23",
        name="charset-obeyed",
        topic=Topic.INPUT,
        title="Reads JSON as UTF-8, whatever charset is named",
        severity=Severity.LOW,
        asks="genuine events in UTF-8 whose content type names another charset",
        correct="the name is ignored, or 415; never another text, never taken for a forgery",
        why="who verifies one text and reads another has verified nothing",
        remedy="verify and parse the bytes as they came",
        references=("CWE-436", "CWE-838", "ASVS v5.0.0-1.5.3", "API8:2023"),
    ),
    charsets,
    frozenset({Need.KEY, Need.UPSTREAM}),
)

NAUGHTY_STRINGS = Check(
    About(
        id="INP-24",
        name="naughty-strings",
        topic=Topic.INPUT,
        title="Survives texts over which programs stumble",
        severity=Severity.LOW,
        asks="genuinely signed events with such texts in names, tags and notes",
        correct="any reply but a 5xx",
        why="names are typed by strangers; one that breaks the receiver is sent again and again",
        remedy="find out which text breaks it; treat text as text",
        references=("CWE-20", "ASVS v5.0.0-2.2.1", "API10:2023"),
    ),
    naughty_strings,
    frozenset({Need.KEY}),
)

FORGED_LOG_LINES = Check(
    About(
        id="INP-17",
        name="log-lines-forged",
        topic=Topic.INPUT,
        title="Writes no line of its log that a stranger chose",
        severity=Severity.MEDIUM,
        asks="line breaks and terminal escapes in fields and query, followed by a line of its own",
        correct="escaped in the log, or not in it",
        why="a log that a stranger can write to proves nothing, and may rule the reader's terminal",
        remedy="write the log as JSON, one object a line",
        references=("CWE-117", "CWE-93", "ASVS v5.0.0-16.4.1", "API10:2023"),
    ),
    forged_log_lines,
    frozenset({Need.KEY, Need.LOG}),
)

CHECKS = (FORGED_LOG_LINES, UNICODE, CHARSETS, NAUGHTY_STRINGS)
