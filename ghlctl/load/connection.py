"""One connection to the receiver: opening, handshake, sending, and how each of them fails."""

import errno
import socket
import ssl
from enum import IntEnum

from ghlctl.load.address import Place
from ghlctl.load.poller import READ, WRITE
from ghlctl.load.reply import ReplyReader
from ghlctl.model.sample import NEVER, ErrorKind

RECEIVE_BYTES = 64 * 1024
_UNDER_WAY = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)


class Phase(IntEnum):
    CONNECTING = 0
    HANDSHAKE = 1
    SENDING = 2
    AWAITING = 3
    IDLE = 4
    CLOSED = 5


class Broken(Exception):  # noqa: N818 - how an attempt ended, no error of this program
    """The attempt on this connection is over, and why."""

    def __init__(self, kind: ErrorKind) -> None:
        super().__init__(kind.value)
        self.kind = kind


class Connection:
    """Carries one attempt at a time; the engine writes its moments into the fields."""

    __slots__ = (
        "attempt",
        "bits",
        "fd",
        "first_byte_ns",
        "held",
        "intended_ns",
        "phase",
        "reader",
        "request",
        "reused",
        "sent_ns",
        "serial",
        "slot",
        "socket",
        "unsent",
    )

    def __init__(self, place: Place) -> None:
        self.socket: socket.socket | ssl.SSLSocket = socket.socket(place.family, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.fd = self.socket.fileno()
        self.reader = ReplyReader()
        self.phase = Phase.CONNECTING
        self.bits = 0  # what the poller was asked to look for
        self.reused = False
        self.serial = 0  # of the attempt: a deadline of an earlier one means nothing
        self.request = b""
        self.unsent = 0
        self.intended_ns = 0
        self.sent_ns = NEVER
        self.first_byte_ns = NEVER
        self.attempt = ("", 0, 0, 0)
        self.slot = False
        self.held = False

    def connect(self, place: Place) -> None:
        """Begin to connect; raise Broken when that is refused at once."""
        try:
            code = self.socket.connect_ex(place.sockaddr)
        except OSError:
            raise Broken(ErrorKind.CONNECT) from None
        if code not in _UNDER_WAY:
            raise Broken(ErrorKind.CONNECT)

    def connected(self) -> None:
        """The connection became writable: raise Broken when that was its failure."""
        if self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise Broken(ErrorKind.CONNECT)

    def wrap(self, context: ssl.SSLContext, host: str) -> None:
        """Put TLS around the connected socket; the descriptor stays the same."""
        try:
            self.socket = context.wrap_socket(
                self.socket, server_hostname=host, do_handshake_on_connect=False
            )
        except OSError:  # the peer was gone before the handshake could begin
            raise Broken(ErrorKind.CLOSED) from None

    def shake(self) -> int:
        """Go on with the handshake: 0 when it is done, else the bits to wait for."""
        if not isinstance(self.socket, ssl.SSLSocket):
            raise TypeError("a handshake needs TLS")
        try:
            self.socket.do_handshake()
        except ssl.SSLWantReadError:
            return READ
        except ssl.SSLWantWriteError:
            return WRITE
        except ssl.SSLError:
            raise Broken(ErrorKind.TLS) from None
        except OSError as fault:
            raise Broken(kind_of(fault)) from None
        return 0

    def send(self) -> bool:
        """Write what is left of the request; whether all of it went out."""
        request = self.request
        try:
            while self.unsent:
                part = request if self.unsent == len(request) else request[-self.unsent :]
                self.unsent -= self.socket.send(part)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError as fault:
            raise Broken(kind_of(fault)) from None
        return True

    def receive(self) -> bytes | None:
        """What came, b"" for the end, None for nothing yet."""
        try:
            return self.socket.recv(RECEIVE_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError as fault:
            raise Broken(kind_of(fault)) from None

    def pending(self) -> bool:
        """Whether TLS holds decrypted bytes that no poller will announce."""
        return isinstance(self.socket, ssl.SSLSocket) and self.socket.pending() > 0

    def close(self) -> None:
        self.phase = Phase.CLOSED
        self.socket.close()


def kind_of(fault: OSError) -> ErrorKind:
    """What an established connection died of."""
    match fault:
        case ConnectionResetError():
            return ErrorKind.RESET
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError() | BrokenPipeError():
            return ErrorKind.CLOSED
        case ssl.SSLError():
            return ErrorKind.TLS
        case _:  # unreachable or timed out by the network while a reply was due
            return ErrorKind.RESET
