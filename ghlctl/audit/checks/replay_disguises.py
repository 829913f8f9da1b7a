"""Whether a repeated delivery is recognised in another dress: by what is signed, not around it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.duplicates import Way, judged_once, sent_twice
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.script import Check, Need, Script
from ghlctl.model.delivery import Delivery
from ghlctl.model.finding import Outcome, Severity
from ghlctl.signing.scheme import Covered, Rotating
from ghlctl.signing.shared_secret import SharedSecret
from ghlctl.signing.stripe import Stripe

Rewrite = Callable[[str], str]
_HEX_TAIL = re.compile(r"[0-9a-f]{40,}$")
# Where integrations look for an id that no scheme here signs in a header.
_ID_HEADERS = (
    "X-Webhook-Id",
    "X-GHL-Webhook-Id",
    "X-Delivery-Id",
    "X-Event-Id",
    "X-Request-Id",
    "X-Correlation-Id",
    "Idempotency-Key",
    "X-Idempotency-Key",
    "Webhook-Id",
    "X-GitHub-Delivery",
    "X-Shopify-Webhook-Id",
)


def signature_rewritten(kit: Kit) -> Script:
    """The same delivery with its signature written otherwise, or with harmless headers changed."""
    ways = [
        Way(name, _rewriting(kit.scheme.headers[0], rewrite)) for name, rewrite in _rewrites(kit)
    ]
    ways.append(Way("with its headers' names in capitals", _shouted))
    return judged_once(kit, (yield from sent_twice(kit, ways)))


def unsigned_id(kit: Kit) -> Script:
    """The same signed body under another id in headers that no signature covers.

    Recognising deliveries by the provider's own unsigned header is what GitHub and Shopify advise:
    that is a warning, though the replay works as well.
    """
    ways = [Way("under new ids in unsigned headers", _new_ids)]
    own = _own_id_header(kit)
    if own:
        ways.append(Way(f"under another {own}", _other_id(own)))
    tries = yield from sent_twice(kit, ways)
    invented = judged_once(kit, [one for one in tries if one.way is ways[0]])
    if invented.outcome is not Outcome.PASS or not own:
        return invented
    verdict = judged_once(kit, [one for one in tries if one.way is ways[1]])
    if verdict.outcome is not Outcome.FAIL:
        return judged_once(kit, tries)
    return replace(verdict, outcome=Outcome.WARN, severity=Severity.MEDIUM)


def _rewrites(kit: Kit) -> Iterator[tuple[str, Rewrite]]:
    """As this scheme writes its signature, never as one signature happens to look."""
    value = kit.genuine().delivery.header(kit.scheme.headers[0]) or ""
    yield "with white space inside its signature", lambda text: f"{text[:-8]} {text[-8:]}"
    if _HEX_TAIL.search(value):
        yield (
            "with its signature in capitals",
            lambda text: _HEX_TAIL.sub(lambda found: found[0].upper(), text),
        )
    else:
        yield (
            "with its signature in url-safe base64 without padding",
            lambda text: text.replace("+", "-").replace("/", "_").rstrip("="),
        )
        yield "with its signature without padding", lambda text: text.rstrip("=")
    if isinstance(kit.scheme, Rotating):
        second = ",v9=AAAA" if isinstance(kit.scheme, Stripe) else " v9,AAAA"
        yield "with a second signature of no known version", lambda text: text + second


def _rewriting(header: str, rewrite: Rewrite) -> Callable[[Kit, Genuine], Delivery]:
    def again(_kit: Kit, genuine: Genuine) -> Delivery:
        headers = tuple(
            (name, rewrite(value) if name.lower() == header.lower() else value)
            for name, value in genuine.delivery.headers
        )
        return replace(genuine.delivery, headers=headers)

    return again


def _shouted(_kit: Kit, genuine: Genuine) -> Delivery:
    headers = tuple((name.upper(), value) for name, value in genuine.delivery.headers)
    return replace(genuine.delivery, headers=headers)


def _new_ids(kit: Kit, genuine: Genuine) -> Delivery:
    """Headers that the scheme or the config sends already are left as they are."""
    said = {name.lower() for name, _ in genuine.delivery.headers}
    new = tuple(
        (name, f"{kit.random.getrandbits(128):032x}")
        for name in _ID_HEADERS
        if name.lower() not in said
    )
    return replace(genuine.delivery, headers=(*genuine.delivery.headers, *new))


def _other_id(header: str) -> Callable[[Kit, Genuine], Delivery]:
    def again(kit: Kit, genuine: Genuine) -> Delivery:
        other = f"{kit.random.getrandbits(128):032x}"
        headers = tuple(
            (name, other if name == header else value) for name, value in genuine.delivery.headers
        )
        return replace(genuine.delivery, headers=headers)

    return again


def _own_id_header(kit: Kit) -> str:
    return kit.scheme.id_header if isinstance(kit.scheme, SharedSecret) else ""


SIGNATURE_REWRITTEN = Check(
    About(
        id="RPL-06",
        name="signature-rewritten",
        topic=Topic.REPLAY,
        title="Acts once on a delivery whose signature is written otherwise",
        severity=Severity.MEDIUM,
        asks="an accepted delivery once more: its signature with white space, in capitals, in "
        "another base64 or beside a second one; its headers' names in capitals",
        correct="any reply; nothing done a second time",
        why="who recognises duplicates by the signature's text can be shown the same one anew",
        remedy="recognise duplicates by the signed delivery id",
        references=(
            "CWE-294",
            "CWE-1289",
            "ASVS v5.0.0-1.1.1",
            "ASVS v5.0.0-2.3.2",
            "API2:2023",
        ),
    ),
    signature_rewritten,
    frozenset({Need.KEY}),
    Fits(signed=True),
)

UNSIGNED_ID = Check(
    About(
        id="RPL-08",
        name="unsigned-id",
        topic=Topic.REPLAY,
        title="Acts once on a delivery whatever its unsigned headers say",
        severity=Severity.HIGH,
        asks="an accepted delivery once more, with new ids in headers that are not signed",
        correct="any reply; nothing done a second time",
        why="whoever replays a delivery chooses its unsigned headers: each new id would act again",
        remedy="recognise duplicates by an id inside what is signed, or by its digest",
        references=("CWE-294", "CWE-807", "ASVS v5.0.0-2.3.2", "API2:2023"),
    ),
    unsigned_id,
    frozenset({Need.KEY}),
    Fits(signed=True, leaves_out=frozenset({Covered.ID})),
)

CHECKS = (SIGNATURE_REWRITTEN, UNSIGNED_ID)
