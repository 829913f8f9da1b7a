"""Events about people, and what follows from them upstream, as a part of a script."""

from collections.abc import Sequence
from dataclasses import dataclass

from ghlctl.audit.canary import Canary
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.person import Person, about
from ghlctl.audit.script import Part, Send, observe, send_all
from ghlctl.audit.steps import Observation
from ghlctl.model.effect import LedgerEntry
from ghlctl.transport.attempt import acknowledged


@dataclass(frozen=True, slots=True)
class Told:
    """Events that were sent; `taken`: all were accepted; `new`: what they caused upstream."""

    marks: tuple[Canary, ...]
    taken: bool
    new: tuple[LedgerEntry, ...]

    def about(self, canary: Canary) -> tuple[LedgerEntry, ...]:
        """Those of the new lines that hold one of these marks."""
        return Observation(self.new).of([canary])


def told(kit: Kit, people: Sequence[Person], types: Sequence[str], purpose: str) -> Part[Told]:
    """Events of each type about each person, and time for what follows from them."""
    genuine = [about(kit, person, event_type=one) for person in people for one in types]
    return (yield from sent(genuine, purpose))


def sent(genuine: Sequence[Genuine], purpose: str) -> Part[Told]:
    """The same for events that were made already."""
    marks = tuple(one.canary for one in genuine)
    known = yield from observe(*marks, settle=False)
    answers = yield from send_all(Send(one.delivery, purpose, (one.canary,)) for one in genuine)
    seen = yield from observe(*marks)
    before = {line.seq for line in known.lines or ()}
    new = tuple(line for line in seen.lines or () if line.seq not in before)
    return Told(marks, all(map(acknowledged, answers)), new)
