"""Whether an error shows what the sender wrote as a page."""

from collections.abc import Callable
from dataclasses import replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.probing import Posed, Probe, Reading, any_of, changed, must_hold, page_with, token
from ghlctl.audit.script import Check, Script
from ghlctl.model.finding import Confidence, Severity


def reflections(kit: Kit) -> Script:
    """Markup in forged and genuine deliveries, in the query and a header, and the page after it."""

    def read(genuine: Genuine) -> Reading:
        mark = token(genuine)
        return any_of(page_with(f"<i {mark}>"), page_with(f"<b {mark}>"))

    def marked(genuine: Genuine, _kit: Kit) -> dict[str, object]:
        text = f"<i {token(genuine)}>"
        return {"type": text, "name": text, "locationId": text}

    def unsigned(kit: Kit) -> Posed:
        genuine = kit.genuine()
        body = kit.with_payload(genuine, {**genuine.event.payload, **marked(genuine, kit)}).body
        delivery = replace(kit.unsigned(genuine), body=body)
        return Posed(delivery, (genuine.canary,), read(genuine))

    def headed(kit: Kit) -> Posed:
        genuine = kit.genuine()
        text = f"<b {token(genuine)}>"
        bare = kit.unsigned(genuine)
        names = kit.scheme.headers or ("X-Event",)
        headers = (*bare.headers, *((name, text) for name in names), ("X-Request-Id", text))
        return Posed(replace(bare, headers=headers), (genuine.canary,), read(genuine))

    def no_json(kit: Kit) -> Posed:
        genuine = kit.genuine()
        body = f"<i {token(genuine)}>".encode()
        return Posed(replace(kit.unsigned(genuine), body=body), (genuine.canary,), read(genuine))

    probes = [
        Probe("unsigned with markup", unsigned),
        Probe("with markup in headers", headed),
        Probe("with markup for a body", no_json),
    ]
    if kit.key is not None:
        probes.append(changed("signed with markup", marked, read))
        probes.append(_quoted_by_a_parser(read))
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


def _quoted_by_a_parser(read: Callable[[Genuine], Reading]) -> Probe:
    """Signed markup that is no JSON, as a parser's error would quote it."""

    def pose(kit: Kit) -> Posed:
        genuine = kit.genuine()
        delivery = kit.signed(f"<i {token(genuine)}>".encode(), genuine.canary)
        return Posed(delivery, (genuine.canary,), read(genuine))

    return Probe("signed markup for a body", pose)


REFLECTIONS = Check(
    About(
        id="ERR-06",
        name="markup-in-errors",
        topic=Topic.ERRORS,
        title="Shows no sender's markup in its errors",
        severity=Severity.MEDIUM,
        asks="deliveries with markup in body and headers",
        correct="no page with it in the reply",
        why="an error page that quotes the request runs what strangers wrote into it",
        remedy="answer with JSON and a fixed text",
        references=("CWE-79", "CWE-200", "ASVS v5.0.0-1.2.1", "ASVS v5.0.0-15.3.1", "API3:2023"),
    ),
    reflections,
)

CHECKS = (REFLECTIONS,)
