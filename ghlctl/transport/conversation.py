"""What bare conversations with a receiver came to. Values alone, no I/O here."""

from dataclasses import dataclass, field
from enum import StrEnum

from ghlctl.model.delivery import Reply


class Ending(StrEnum):
    """How a conversation ended, or why there was none."""

    LEFT = "left"  # we had what we waited for, or our time was up, and closed
    CLOSED = "closed"
    RESET = "reset"
    CONNECT = "connect"
    TLS = "tls"
    BABBLE = "babble"  # what came is no HTTP


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that are sent `after_s` seconds after those before them."""

    content: bytes = field(repr=False)
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Conversation:
    """`replies` in the order in which they came; `timed_out`: fewer than were waited for.

    `sent_bytes` of `whole_bytes` had left when it ended, after `lasted_s`. `heard` is the start of
    what was no HTTP.
    """

    replies: tuple[Reply, ...]
    ending: Ending
    timed_out: bool
    sent_bytes: int
    whole_bytes: int
    lasted_s: float
    heard: bytes = b""

    @property
    def text(self) -> str:
        """In one line."""
        if self.replies:
            return "answered " + ", ".join(str(reply.status) for reply in self.replies)
        if self.timed_out:
            return f"no reply within {self.lasted_s:.0f} s"
        return _WORDS[self.ending]


_WORDS = {
    Ending.LEFT: "no reply was waited for",
    Ending.CLOSED: "the connection was closed without a reply",
    Ending.RESET: "the connection was reset without a reply",
    Ending.CONNECT: "cannot connect",
    Ending.TLS: "TLS failed",
    Ending.BABBLE: "what came back is no HTTP",
}


@dataclass(frozen=True, slots=True)
class TlsOffer:
    """What a client offers: versions by the names TLSv1 … TLSv1.3, ciphers as OpenSSL has them.

    `verify`: refuse a certificate that does not hold, as a provider would. `suites`: numbers of
    cipher suites, offered by hand in version `maximum` (also SSLv3) whatever this machine's TLS
    library can do; such a handshake ends at the server's choice.
    """

    minimum: str = "TLSv1.2"
    maximum: str = "TLSv1.3"
    ciphers: str = ""
    verify: bool = False
    suites: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Handshaken:
    """`version` and `cipher` are "" where there was no handshake; `failure` says why.

    `unable`: this machine's own TLS library cannot offer that, so that nothing was asked.
    `certificate` is in DER.
    """

    version: str = ""
    cipher: str = ""
    bits: int = 0
    certificate: bytes = b""
    failure: str = ""
    unable: bool = False
