"""The workers of a distributed run: who is let in, what each has said, how each is told."""

import secrets
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from ghlctl import __version__
from ghlctl.errors import StoreError
from ghlctl.load import exchange
from ghlctl.load.clocks import RoundTrip, this_machine
from ghlctl.load.exchange import (
    WORD,
    Bye,
    Ended,
    Fit,
    FromMaster,
    Hello,
    Piece,
    Pong,
    Reached,
    Taken,
    Welcome,
)
from ghlctl.load.landing import folder_of, land
from ghlctl.load.member import Member, Process
from ghlctl.load.messages import Refused
from ghlctl.load.plan import LoadPlan, Share
from ghlctl.load.unpatched import MasterRunner, UnpackException, locust_version

_GARBAGE = (ValueError, TypeError, KeyError, IndexError, AttributeError, UnpackException)
SILENCE_S = 10.0  # a worker says something every second


class Desk(MasterRunner):
    """Locust's master, which hears only the workers that the crew has let in."""

    def __init__(self, environment: Any, host: str, port: int, crew: "Crew") -> None:
        self._crew = crew
        self._arrived: dict[str, Any] = {}
        super().__init__(environment, host, port)

    def client_listener(self) -> NoReturn:
        while True:
            try:
                super().client_listener()
            except _GARBAGE:  # whoever reaches the port may send anything, and the run goes on
                continue

    def handle_message(self, client_id: str, msg: Any) -> None:
        known = client_id in self._crew.members
        if known:
            self._crew.members[client_id].heard_ns = time.monotonic_ns()
        if msg.node_id != client_id:
            return
        if msg.type == WORD and isinstance(msg.data, bytes):
            self._crew.hear(client_id, msg.data)
        elif known:
            super().handle_message(client_id, msg)
        elif msg.type == "client_ready":
            self._arrived[client_id] = msg
            self.send_message("ack", client_id=client_id, data={"index": -1})

    def let_in(self, client_id: str) -> None:
        """From here on it is one of Locust's workers."""
        arrived = self._arrived.pop(client_id, None)
        if arrived is not None:
            super().handle_message(client_id, arrived)


class Crew:
    """Members by Locust's name for them, in the order of their shares."""

    def __init__(self, plan: LoadPlan) -> None:
        self.plan = plan
        self.token = secrets.token_hex(16)
        self.members: dict[str, Member] = {}
        self.processes: dict[int, Process] = {}
        self.fault: StoreError | None = None
        self.desk: Any = None
        self._closed = False

    def __iter__(self) -> Iterator[Member]:
        return iter([*self.members.values()])

    def __len__(self) -> int:
        return len(self.members)

    @property
    def busy(self) -> list[Member]:
        return [member for member in self if member.busy]

    def close(self) -> None:
        """Let nobody in any more."""
        self._closed = True

    def tell(self, message: FromMaster, to: Iterable[Member]) -> None:
        for member in to:
            self._send(member.client_id, message)

    def dismiss(self, why: Refused | None = None) -> None:
        """Tell everybody that nothing more is wanted, and why if there is a reason."""
        self.tell(why or Bye(), [member for member in self if not member.gone])

    def hear(self, client_id: str, text: bytes) -> None:
        """One message from a worker; what is none of ours is not answered."""
        try:
            said = exchange.from_worker(text)
        except msgspec.MsgspecError:
            return
        member = self.members.get(client_id)
        match said:
            case Hello() if member is None:
                self._greet(client_id, said)
            case _ if member is not None and member.gone:
                self._send(client_id, Refused("NotMeasuredError", _TOO_LATE, _LATE_HINT))
            case _ if member is not None:
                self._note(member, said)

    def note_report(self, client_id: str, data: dict[str, Any]) -> None:
        """Locust reports from the moment a worker joins, ours begin with its share."""
        member = self.members.get(client_id)
        if member is not None and WORD in data:
            member.report = exchange.to_report(data[WORD])

    def find_lost(self, now_ns: int) -> list[Member]:
        """Members that have just turned out to be gone."""
        found = []
        for member in self.busy:
            member.gone = _why_gone(member, now_ns)
            if member.gone:
                found.append(member)
        return found

    def _greet(self, client_id: str, hello: Hello) -> None:
        reason = self._refusal(hello)
        if reason:
            self._send(client_id, Refused("NotMeasuredError", reason, _HINT))
            return
        index = len(self.members)
        folder = folder_of(Path(self.plan.folder), index)
        process = self.processes.get(hello.pid) if self._ours(hello) else None
        self.members[client_id] = Member(
            client_id, index, hello, folder, time.monotonic_ns(), process=process
        )
        self.desk.let_in(client_id)
        theirs = msgspec.structs.replace(self.plan, folder=str(folder) if process else "")
        share = Share(index, self.plan.spread.together)
        plan = msgspec.structs.replace(theirs, share=share, max_in_flight=self._bound_of(share))
        self._send(client_id, Welcome(plan, this_machine()))

    def _bound_of(self, share: Share) -> int:
        """The bound on requests in flight is the run's; nobody gets less than one."""
        return max(1, len(range(share.index, self.plan.max_in_flight, share.of)))

    def _ours(self, hello: Hello) -> bool:
        """Whether the master started it: nobody else has the token."""
        told = secrets.compare_digest(hello.token.encode(), self.token.encode())
        return told and hello.pid in self.processes

    def _refusal(self, hello: Hello) -> str:
        """Why a worker cannot take part, "" if it can."""
        spread = self.plan.spread
        started = sum(member.process is not None for member in self)
        if (hello.version, hello.locust) != (__version__, locust_version):
            return (
                f"the worker is ghlctl {hello.version} with Locust {hello.locust},"
                f" the run ghlctl {__version__} with Locust {locust_version}"
            )
        if self._ours(hello):
            return ""
        if self._closed or len(self) - started >= spread.expect:
            return "the run has all the workers it expects"
        return ""

    def _note(self, member: Member, said: exchange.FromWorker) -> None:
        match said:
            case Fit():
                member.fit = said
            case Refused():
                member.refused = said
            case Pong():
                back_ns = time.monotonic_ns()
                member.trips.append(RoundTrip(said.sent_ns, said.here_ns, back_ns))
                there_ns = back_ns - (back_ns - said.sent_ns) // 2
                member.wall_ns = said.unix_ns - (time.time_ns() - time.monotonic_ns() + there_ns)
            case Reached(segment, after_ns):
                member.reached[segment] = after_ns
            case Piece():
                self._take(member, said)
            case Ended():
                member.ended, member.report = said, said.report

    def _take(self, member: Member, piece: Piece) -> None:
        try:
            land(member.folder, piece)
        except StoreError as fault:
            self.fault = fault
        else:
            self.tell(Taken(), [member])

    def _send(self, client_id: str, message: FromMaster) -> None:
        self.desk.send_message(WORD, exchange.encode(message), client_id)


_TOO_LATE = "the master took this worker for lost"
_LATE_HINT = f"it must hear something every {SILENCE_S:.0f} s: look at the network and the machine"
_HINT = "join with the same version, before the run begins"


def _why_gone(member: Member, now_ns: int) -> str:
    if member.refused is not None:
        return member.refused.message
    status = None if member.process is None else member.process.poll()
    if status is not None:
        return f"signal {-status}" if status < 0 else f"exit status {status}"
    silent_s = (now_ns - member.heard_ns) / 1e9
    return f"nothing heard for {silent_s:.0f} s" if silent_s > SILENCE_S else ""
