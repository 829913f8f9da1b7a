"""One connection to the receiver, and how an attempt goes on it: open, shake hands, send, read."""

import socket
import ssl
from dataclasses import dataclass
from enum import IntEnum

from ghlctl.load.address import Address, Place
from ghlctl.load.endings import UNDER_WAY, Broken, kind_of
from ghlctl.load.poller import READ, WRITE
from ghlctl.load.reply import ReplyReader
from ghlctl.model.sample import NEVER, ErrorKind

RECEIVE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Route:
    """Where and under which bounds requests go; `tls` is None for plain HTTP."""

    address: Address
    place: Place
    tls: ssl.SSLContext | None
    timeout_ns: int
    max_in_flight: int


class Phase(IntEnum):
    """AWAITING: the request went out in clear text whole, and nothing has come of the reply."""

    CONNECTING = 0
    HANDSHAKE = 1
    SENDING = 2
    AWAITING = 3
    READING = 4
    IDLE = 5
    CLOSED = 6


class Connection:
    """Carries one attempt at a time; the wire loop writes its moments into the fields.

    `wanted` is what the poller must look for; `push` and `pull` are the plain socket's own.
    """

    __slots__ = (
        "bits",
        "fd",
        "first_byte_ns",
        "intended_ns",
        "name",
        "phase",
        "pull",
        "push",
        "reader",
        "request",
        "reused",
        "route",
        "sent_ns",
        "slot",
        "socket",
        "tag",
        "unsent",
        "wanted",
    )

    def __init__(self, route: Route) -> None:
        self.route = route
        self.socket: socket.socket | ssl.SSLSocket = socket.socket(
            route.place.family, socket.SOCK_STREAM
        )
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.push, self.pull = self.socket.send, self.socket.recv
        self.fd = self.socket.fileno()
        self.reader = ReplyReader()
        self.phase = Phase.CONNECTING
        self.bits = 0  # what the poller was asked to look for
        self.wanted = 0
        self.reused = False
        self.request = b""
        self.unsent = 0
        self.intended_ns = 0
        self.sent_ns = NEVER
        self.first_byte_ns = NEVER
        self.tag = 0
        self.name = b""
        self.slot = False

    def open(self) -> None:
        """Begin to connect; raise Broken when that is refused at once."""
        self.wanted = WRITE
        try:
            code = self.socket.connect_ex(self.route.place.sockaddr)
        except OSError:
            raise Broken(ErrorKind.CONNECT) from None
        if code not in UNDER_WAY:
            raise Broken(ErrorKind.CONNECT)

    def advance(self, bits: int, now_ns: int) -> bool:
        """Go on with the attempt; whether its reply is whole. Raise Broken or ProtocolFault."""
        match self.phase:
            case Phase.CONNECTING:
                self._establish()
            case Phase.HANDSHAKE:
                self._shake()
            case Phase.SENDING:
                return self._send_or_read(bits, now_ns)
            case _:
                return self._read(now_ns)
        return False

    def _send_or_read(self, bits: int, now_ns: int) -> bool:
        """The request is half out: a receiver may well answer before it has read it all."""
        if bits & ~WRITE and self._read(now_ns):
            return True
        if bits & WRITE:
            self.write()
        return False

    def _establish(self) -> None:
        if self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise Broken(ErrorKind.CONNECT)
        if self.route.tls is None:
            self.write()
            return
        self._wrap(self.route.tls)
        self.phase = Phase.HANDSHAKE
        self._shake()

    def _wrap(self, context: ssl.SSLContext) -> None:
        """Put TLS around the connected socket; the descriptor stays the same."""
        host = self.route.address.host
        try:
            self.socket = context.wrap_socket(
                self.socket, server_hostname=host, do_handshake_on_connect=False
            )
        except OSError:  # the peer was gone before the handshake could begin
            raise Broken(ErrorKind.CLOSED) from None

    def _shake(self) -> None:
        if not isinstance(self.socket, ssl.SSLSocket):
            raise TypeError("a handshake needs TLS")
        try:
            self.socket.do_handshake()
        except ssl.SSLWantReadError:
            self.wanted = READ
        except ssl.SSLWantWriteError:
            self.wanted = WRITE
        except ssl.SSLError:
            raise Broken(ErrorKind.TLS) from None
        except OSError as fault:
            raise Broken(kind_of(fault)) from None
        else:
            self.write()

    def write(self) -> None:
        """Write what is left of the request."""
        request = self.request
        try:
            while self.unsent:
                part = request if self.unsent == len(request) else request[-self.unsent :]
                self.unsent -= self.socket.send(part)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            self.phase = Phase.SENDING
            self.wanted = READ | WRITE
        except OSError as fault:
            raise Broken(kind_of(fault)) from None
        else:
            untouched = self.first_byte_ns == NEVER and self.route.tls is None
            self.phase = Phase.AWAITING if untouched else Phase.READING
            self.wanted = READ

    def _read(self, now_ns: int) -> bool:
        """Read until there is nothing more: the poller tells of what is new, once."""
        while True:
            received = self.receive()
            if received is None:
                return False
            if self.take(received, now_ns):
                return True

    def take(self, received: bytes, now_ns: int) -> bool:
        """The next bytes of the reply, b"" for the end; whether the reply is whole."""
        if self.first_byte_ns == NEVER:
            self.reader.begin()
        if not received:
            if self.reader.close():
                return True
            raise Broken(ErrorKind.CLOSED)
        if self.first_byte_ns == NEVER:
            self.first_byte_ns = now_ns
        if self.phase is Phase.AWAITING:
            self.phase = Phase.READING
        return self.reader.feed(received)

    def receive(self) -> bytes | None:
        """What came, b"" for the end, None for nothing yet."""
        try:
            return self.socket.recv(RECEIVE_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError as fault:
            raise Broken(kind_of(fault)) from None

    @property
    def status(self) -> int:
        """The reply's status, 0 while none has come."""
        return 0 if self.first_byte_ns == NEVER else self.reader.status

    @property
    def reusable(self) -> bool:
        """Whether both sides know where the reply ended, and the request went out whole."""
        return self.reader.reusable and not self.unsent

    def close(self) -> None:
        self.phase = Phase.CLOSED
        self.socket.close()
