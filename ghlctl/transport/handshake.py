"""One TLS handshake with exactly what a check offers, and what came of it."""

import socket
import ssl
import warnings

from ghlctl.transport.address import Place
from ghlctl.transport.conversation import Handshaken, TlsOffer
from ghlctl.transport.hello import say_hello

_VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


def shake(place: Place, offer: TlsOffer, *, timeout_s: float = 10.0) -> Handshaken:
    """Connect, shake hands, leave; never an exception for anything a server can do."""
    if offer.suites:
        return say_hello(place, offer, timeout_s=timeout_s)
    context = _context(offer)
    if context is None:
        return Handshaken(failure="this machine's TLS library cannot offer that", unable=True)
    try:
        with (
            socket.create_connection((place.host, place.port), timeout_s) as line,
            context.wrap_socket(line, server_hostname=place.host) as secure,
        ):
            name, version, bits = secure.cipher() or ("", "", 0)
            found = secure.version() or version
            return Handshaken(found, name, bits, secure.getpeercert(binary_form=True) or b"")
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "refused"
        # An alert or a closed connection is the server's word; the rest is our own library's.
        own = error.reason in ("NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE")
        return Handshaken(failure=str(reason).lower().replace("_", " "), unable=own)
    except OSError as error:
        return Handshaken(failure=error.strerror or "no connection")


def _context(offer: TlsOffer) -> ssl.SSLContext | None:
    context = ssl.create_default_context()
    if not offer.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # old versions are the question
            context.minimum_version = _VERSIONS[offer.minimum]
            context.maximum_version = _VERSIONS[offer.maximum]
        if offer.ciphers:
            context.set_ciphers(offer.ciphers)
    except (ssl.SSLError, ValueError):
        return None
    return context
