"""Whether a signature is compared whole: neither a part of it, nor more than it, is enough."""

from collections.abc import Callable
from random import Random

from ghlctl.audit.about import About, Topic
from ghlctl.audit.checks.signature_forgeries import (
    resigned,
    revalued,
    signature_of,
    written,
)
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import must_refuse
from ghlctl.audit.script import Check, Need, Script, Send, Verdict, observe, send_all
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.signing.scheme import Covered
from ghlctl.transport.attempt import acknowledged

Change = Callable[[Kit, str], str]
_DRAWS = 20
_ANYTHING = frozenset({Covered.BODY, Covered.FORM_FIELDS})


def partial_signature(kit: Kit) -> Script:
    """Parts of the genuine signature: shortened, and of full length with the rest wrong."""
    forgeries = [
        revalued("with the first byte of its signature", _cut(lambda raw: raw[:1])),
        revalued("with the first half of its signature", _cut(lambda raw: raw[: len(raw) // 2])),
        revalued("with all but the last byte of its signature", _cut(lambda raw: raw[:-1])),
        revalued("with the last byte of its signature changed", _changed(-1)),
        revalued("with the first byte of its signature changed", _changed(0)),
        revalued("of whose signature only the first half is right", _half_right),
        revalued("of whose signature only the second half is right", _other_half_right),
    ]
    sample = kit.genuine().delivery
    if kit.scheme.covers and written(kit, signature_of(kit, sample)).prefix:
        forgeries.append(revalued("with a signature's prefix alone", _cut(lambda _raw: b"")))
    return must_refuse(kit, forgeries)


def lengthened_signature(kit: Kit) -> Script:
    """More bytes than a signature has, after a genuine one."""
    zero = b"\0" if kit.scheme.covers else b"0"
    return must_refuse(
        kit,
        [
            revalued("with a zero byte after its signature", _cut(lambda raw: raw + zero)),
            revalued("with bytes after its signature", _cut(lambda raw: raw + b"garbage")),
            revalued("with its signature twice in one", _cut(lambda raw: raw * 2)),
        ],
    )


def _cut(change: Callable[[bytes], bytes]) -> Change:
    def value(kit: Kit, genuine: str) -> str:
        own = written(kit, genuine)
        return own.with_raw(change(own.raw))

    return value


def _changed(at: int) -> Change:
    """One bit of one byte; of a secret's text, one letter."""

    def value(kit: Kit, genuine: str) -> str:
        own = written(kit, genuine)
        raw = bytearray(own.raw)
        if kit.scheme.covers:
            raw[at] ^= 0x01 if at else 0x80
        else:
            raw[at] = ord("x") if raw[at] != ord("x") else ord("y")
        return own.with_raw(bytes(raw))

    return value


def _half_right(kit: Kit, genuine: str) -> str:
    raw = written(kit, genuine).raw
    half = len(raw) // 2
    return written(kit, genuine).with_raw(raw[:half] + _any(kit, len(raw) - half))


def _other_half_right(kit: Kit, genuine: str) -> str:
    raw = written(kit, genuine).raw
    half = len(raw) // 2
    return written(kit, genuine).with_raw(_any(kit, half) + raw[half:])


def _any(kit: Kit, length: int) -> bytes:
    """Bytes of no meaning, printable where a secret's text is sent as it is."""
    raw = Random(kit.random.getrandbits(64)).randbytes(length)
    return raw if kit.scheme.covers else raw.hex()[:length].encode()


def _told_apart(kit: Kit, spelt: Change) -> tuple[Genuine, bool]:
    """A delivery whose signature the spelling changes; the last one tried where it changes none.

    One Ed25519 signature in fifteen, and every fourth of 32 bytes, has neither + nor / in base64.
    """
    for _ in range(_DRAWS):
        genuine = kit.genuine()
        value = signature_of(kit, genuine.delivery)
        if spelt(kit, value) != value:
            return genuine, True
    return genuine, False


def respelt_signature(kit: Kit) -> Script:
    """Which other spellings of a genuine signature are taken; all of it is the receiver's choice.

    Never a failure: what can be done with it is a replay under another text, and that is what
    the replay checks ask about.
    """
    tried = []
    for name, spelt in _SPELLINGS:
        genuine, differs = _told_apart(kit, spelt)
        other = spelt(kit, signature_of(kit, genuine.delivery))
        changed = resigned(kit, genuine.delivery, other)
        tried.append((name, differs, Send(changed, name, (genuine.canary,))))
    answers = yield from send_all(send for _, _, send in tried)
    canaries = [send.canaries[0] for _, _, send in tried]
    seen = yield from observe(*canaries, any_act=True)
    taken = [
        name
        for (name, differs, send), answer in zip(tried, answers, strict=True)
        if differs
        and (kit.footprint.acts(seen.of(send.canaries)) if kit.oracle else acknowledged(answer))
    ]
    reason = f"takes a signature {', '.join(taken)}" if taken else "takes no other spelling"
    return Verdict(Outcome.INFORMATIVE, Confidence.HIGH, reason, tuple(canaries))


def _text(change: Callable[[str], str]) -> Change:
    """The text after the prefix, spelt otherwise."""

    def value(kit: Kit, genuine: str) -> str:
        prefix = written(kit, genuine).prefix
        return prefix + change(genuine.removeprefix(prefix))

    return value


def _url_safe(text: str) -> str:
    return text.replace("+", "-").replace("/", "_")


def _upper(kit: Kit, genuine: str) -> str:
    own = written(kit, genuine)
    return own.prefix + own.raw.hex().upper() if own.spell is bytes.hex else genuine


def _halves(text: str) -> str:
    middle = len(text) // 2
    return f"{text[:middle]} {text[middle:]}"


_SPELLINGS: tuple[tuple[str, Change], ...] = (
    ("in url-safe base64", _text(_url_safe)),
    ("without the = at its end", _text(lambda text: text.rstrip("="))),
    ("in upper-case hexadecimal", _upper),
    ("with a space in the middle", _text(_halves)),
    ("in quotes", lambda _kit, genuine: f'"{genuine}"'),
)

PARTIAL_SIGNATURE = Check(
    About(
        id="SIG-05",
        name="partial-signature",
        topic=Topic.SIGNATURE,
        title="Compares the whole signature",
        severity=Severity.CRITICAL,
        asks="genuine signatures cut short, and with a bit, a byte or a half of them wrong",
        correct="a 4xx reply, and nothing done",
        why="what compares a beginning, or as many bytes as came, can be guessed byte by byte",
        remedy="compare the lengths and then the whole, with a constant-time function",
        references=(
            "CWE-347",
            "CWE-1023",
            "ASVS v5.0.0-11.6.1",
            "API2:2023",
            "CVE-2024-21491",
        ),
    ),
    partial_signature,
    frozenset({Need.KEY}),
    Fits(signed=True),
)

LENGTHENED_SIGNATURE = Check(
    About(
        id="SIG-06",
        name="lengthened-signature",
        topic=Topic.SIGNATURE,
        title="Refuses bytes after the signature",
        severity=Severity.HIGH,
        asks="genuine signatures with a zero byte, with text, and with themselves after them, "
        "inside of what is decoded",
        correct="a 4xx reply, and nothing done",
        why="what reads as many bytes as it needs and drops the rest sees one signature in "
        "endlessly many texts",
        remedy="decode strictly and require the exact length",
        references=("CWE-347", "ASVS v5.0.0-11.6.1", "API2:2023"),
    ),
    lengthened_signature,
    frozenset({Need.KEY}),
    Fits(signed=True),
)

RESPELT_SIGNATURE = Check(
    About(
        id="SIG-17",
        name="respelt-signature",
        topic=Topic.SIGNATURE,
        title="Is known to take, or not to take, a signature in another spelling",
        severity=Severity.LOW,
        asks="genuine signatures in url-safe base64, without padding, in upper case, quoted",
        correct="either: it is recorded, and never fails",
        why="who remembers deliveries by the signature's text does not know them again in another",
        remedy="remember deliveries by their signed id; decode strictly",
        references=("CWE-1289", "ASVS v5.0.0-1.1.1"),
    ),
    respelt_signature,
    frozenset({Need.KEY}),
    Fits(covers=_ANYTHING),
)

CHECKS = (PARTIAL_SIGNATURE, LENGTHENED_SIGNATURE, RESPELT_SIGNATURE)
