"""Which TLS the receiver's host takes, and whether its certificate would hold for a provider."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.dsa import DSAPublicKey
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ghlctl.audit.about import About, Topic
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Kit
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import Check, Part, Script, Verdict, shake
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.model.visible import visible
from ghlctl.transport.conversation import Handshaken, TlsOffer

_OLD = ("SSLv3", "TLSv1", "TLSv1.1")
_OLD_SUITES = (
    *(0xC014, 0xC00A, 0xC013, 0xC009, 0x0039, 0x0033, 0x0035, 0x002F),  # CBC with SHA-1
    *(0xC012, 0x0016, 0x000A, 0xC011, 0x0005, 0x0004),  # 3DES, RC4
)
_ANY = TlsOffer(minimum="TLSv1", ciphers="ALL:@SECLEVEL=0")
_MODERN = ("GCM", "CCM", "CHACHA20")
_SOON_S = 14 * 86400.0
_SOON = 0.2  # of a certificate's whole life, for those that live for days
_LEAST_RSA_BITS, _LEAST_CURVE_BITS = 2048, 224
_SECURE = Fits(secure=True)


@dataclass(frozen=True, slots=True)
class _Suites:
    name: str
    numbers: tuple[int, ...]


_WEAK = (
    _Suites("no encryption", (0x003B, 0x0002, 0x0001, 0xC010, 0xC006, 0xC001, 0xC00B)),
    _Suites(
        "no certificate",
        (0x00A7, 0x00A6, 0x006D, 0x006C, 0x003A, 0x0034, 0xC019, 0xC018, 0x001B, 0x0018),
    ),
    _Suites("export keys", (0x0003, 0x0006, 0x0008, 0x000B, 0x000E, 0x0011, 0x0014, 0x0062)),
    _Suites("RC4", (0xC011, 0xC007, 0x0005, 0x0004, 0xC00C, 0xC002)),
    _Suites("DES or 3DES", (0xC012, 0xC008, 0x0016, 0x000A, 0xC00D, 0xC003, 0x0015, 0x0009)),
)
_BLOCK_CHAINING = _Suites("CBC", (0xC028, 0xC024, 0xC027, 0xC023, 0xC014, 0xC013, 0x0035, 0x002F))


def obsolete_version(_kit: Kit) -> Script:
    """Versions before 1.2, each alone. They are offered by hand: no library does it any longer."""
    taken = yield from _taken([TlsOffer(maximum=one, suites=_OLD_SUITES) for one in _OLD])
    modern = yield from shake(_ANY)
    if taken:
        names = ", ".join(one.version for one in taken)
        reason = f"agreed to {names}, {REPEATS} of {REPEATS} times"
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason)
    if not modern.version:
        return _no_tls(modern)
    reason = f"refused {', '.join(_OLD)}; agrees to {modern.version}"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason)


def weak_cipher(_kit: Kit) -> Script:
    """Suites that keep nothing secret or prove nobody, each family alone.

    The catalogue also fails a receiver for suites with CBC, which current servers still take from
    those who offer nothing else: that is noted.
    """
    taken = yield from _taken([_hello(family) for family in _WEAK])
    chosen = {int(one.cipher, 16) for one in taken}
    names = [family.name for family in _WEAK if chosen.intersection(family.numbers)]
    chained = yield from shake(_hello(_BLOCK_CHAINING))
    modern = yield from shake(TlsOffer(ciphers="DEFAULT:@SECLEVEL=0"))
    if taken:
        what = ", ".join(names) or "a suite that was not offered"
        reason = f"agreed to {what}, {REPEATS} of {REPEATS} times"
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason)
    if not modern.version:
        return _no_tls(modern)
    if not any(one in modern.cipher for one in _MODERN):
        reason = f"offered everything, it chose {visible(modern.cipher)}, which is no AEAD"
        return Verdict(Outcome.WARN, Confidence.HIGH, reason)
    note = "; takes CBC from those who offer nothing else" if chained.version else ""
    reason = f"refused {len(_WEAK)} weak families and chose {modern.cipher}{note}"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason)


def _hello(family: _Suites) -> TlsOffer:
    return TlsOffer(maximum="TLSv1.2", suites=family.numbers)


def _taken(offers: Sequence[TlsOffer]) -> Part[list[Handshaken]]:
    """Those that were agreed to as often as a failure must be repeated."""
    taken = []
    for offer in offers:
        for _ in range(REPEATS):
            shaken = yield from shake(offer)
            if shaken.version != offer.maximum:
                break
        else:
            taken.append(shaken)
    return taken


def _no_tls(shaken: Handshaken) -> Verdict:
    reason = f"no handshake with anything: {visible(shaken.failure)}"
    return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)


def broken_certificate(kit: Kit) -> Script:
    """A handshake as strict as a provider's, then a look at the certificate itself.

    A certificate that lives for days is no longer good for fourteen: a fifth of its life is asked.
    """
    failures = []
    for _ in range(REPEATS):
        strict = yield from shake(TlsOffer(verify=True))
        if strict.version:
            break
        failures.append(strict.failure)
    else:
        lenient = yield from shake(_ANY)
        if not lenient.version:
            return _no_tls(lenient)
        reason = (
            f"a provider would not deliver, {REPEATS} of {REPEATS} times: {visible(failures[-1])}"
        )
        return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason)
    return _looked_at(strict.certificate, kit.now())


def _looked_at(content: bytes, now: float) -> Verdict:
    try:
        certificate = x509.load_der_x509_certificate(content)
        weak = _weakness(certificate)
    except (ValueError, UnsupportedAlgorithm):
        reason = "its certificate holds, but cannot be read here"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)
    if weak:
        return Verdict(Outcome.FAIL, Confidence.HIGH, f"its certificate holds, but {weak}")
    ends, begins = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    left_s = ends.timestamp() - now
    least_s = min(_SOON_S, _SOON * (ends - begins).total_seconds())
    if left_s < least_s:
        reason = f"its certificate ends in {left_s / 86400:.1f} days, on {_day(ends)}"
        return Verdict(Outcome.WARN, Confidence.HIGH, reason)
    reason = f"its certificate holds for the host's name, until {_day(ends)}"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason)


def _weakness(certificate: x509.Certificate) -> str:
    """Why its key or its signature is too weak, "" where they are not."""
    key, digest = certificate.public_key(), certificate.signature_hash_algorithm
    match key:
        case RSAPublicKey() | DSAPublicKey() if key.key_size < _LEAST_RSA_BITS:
            return f"its key has {key.key_size} bits"
        case EllipticCurvePublicKey() if key.key_size < _LEAST_CURVE_BITS:
            return f"its key has {key.key_size} bits"
    if digest is not None and digest.name in ("md5", "sha1"):
        return f"is signed over {digest.name}"
    return ""


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d")


OBSOLETE_VERSION = Check(
    About(
        id="NET-01",
        name="obsolete-tls",
        topic=Topic.NETWORK,
        title="Refuses versions of TLS before 1.2",
        severity=Severity.HIGH,
        asks="handshakes that offer SSL 3.0, TLS 1.0 and TLS 1.1, each alone",
        correct="each refused; one with TLS 1.2 or 1.3 accepted",
        why="who can stand between can read or change what is sent over the broken versions",
        remedy="set the server's least version to TLS 1.2",
        references=("CWE-326", "CWE-327", "ASVS v5.0.0-12.1.1", "API8:2023"),
    ),
    obsolete_version,
    fits=_SECURE,
    unaided=True,
)

WEAK_CIPHER = Check(
    About(
        id="NET-02",
        name="weak-cipher",
        topic=Topic.NETWORK,
        title="Refuses cipher suites that keep nothing secret",
        severity=Severity.MEDIUM,
        asks="handshakes that offer only suites without encryption, without a certificate, with "
        "export keys, RC4, or DES and 3DES",
        correct="each refused; a suite with AEAD chosen where it is offered",
        why="what such a suite protects can be read, and forged, on its way",
        remedy="offer the suites with AES-GCM and ChaCha20 alone",
        references=("CWE-327", "ASVS v5.0.0-12.1.2", "API8:2023"),
    ),
    weak_cipher,
    fits=_SECURE,
    unaided=True,
)

BROKEN_CERTIFICATE = Check(
    About(
        id="NET-03",
        name="broken-certificate",
        topic=Topic.NETWORK,
        title="Shows a certificate that a provider accepts",
        severity=Severity.HIGH,
        asks="a handshake that verifies chain, name and dates as a provider does; the key's size "
        "and the digest of the certificate",
        correct="a valid chain for this host, RSA of 2048 bits or more, SHA-2, days left to renew",
        why="a provider does not deliver to a host that it cannot verify, and one that does "
        "delivers to anybody",
        remedy="renew the certificate by machine, for the name in the URL, with its whole chain",
        references=("CWE-295", "CWE-297", "ASVS v5.0.0-12.2.2", "API8:2023"),
    ),
    broken_certificate,
    fits=_SECURE,
    unaided=True,
)

CHECKS = (OBSOLETE_VERSION, WEAK_CIPHER, BROKEN_CERTIFICATE)
