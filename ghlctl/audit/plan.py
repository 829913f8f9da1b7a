"""What an audit would do, without sending anything."""

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from ghlctl.audit.batches import batches
from ghlctl.audit.canary import Footprint
from ghlctl.audit.catalogue import in_scope
from ghlctl.audit.controls import FIRST_TIME
from ghlctl.audit.driver import kit_of
from ghlctl.audit.given import given_by
from ghlctl.audit.kit import Kit
from ghlctl.audit.needs import Need, missing
from ghlctl.audit.receiver import AuditedReceiver, Bounds, Clock
from ghlctl.audit.rehearsal import Imagined, Manner
from ghlctl.audit.script import Check
from ghlctl.transport.hearing import on_this_machine

_SEED = 1


class Course(StrEnum):
    ASK = "ask"
    NOT_TESTED = "not tested"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Planned:
    """`usual`: requests to a correct receiver; `most`: those to one that refuses or accepts all."""

    check: Check
    course: Course
    why: str = ""
    usual: int = 0
    most: int = 0
    timed: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """`controls`: requests of the positive controls around the checks."""

    checks: tuple[Planned, ...]
    controls: int
    bounds: Bounds

    @property
    def usual(self) -> int:
        return self.controls + sum(one.usual for one in self.checks)

    @property
    def most(self) -> int:
        return self.controls + sum(one.most for one in self.checks)


def plan_of(receiver: AuditedReceiver, scope: frozenset[str] | None, bounds: Bounds) -> Plan:
    """Raise what the audit itself would raise for names and keys that do not fit."""
    given = given_by(receiver, None, listens=on_this_machine(receiver.url))
    kit = kit_of(receiver, bounds, Clock(), Random(_SEED))
    kit = replace(kit, footprint=Footprint(), given=given)
    checks = tuple(_planned(check, kit, given) for check in in_scope(scope))
    groups = batches([one.check for one in checks if one.course is Course.ASK])
    return Plan(checks, (FIRST_TIME + len(groups)) if kit.key is not None else 0, bounds)


def _planned(check: Check, kit: Kit, given: frozenset[Need]) -> Planned:
    unfit = check.fits.unfit(kit.subject)
    if unfit:
        return Planned(check, Course.NOT_APPLICABLE, unfit)
    lacking = check.needs - given
    if lacking:
        return Planned(check, Course.NOT_TESTED, missing(lacking))
    counts = []
    timed = 0
    for manner in Manner:
        imagined = Imagined(kit, manner)
        imagined.play(check.script(kit.seeded(_SEED)))
        counts.append(imagined.requests)
        timed = max(timed, imagined.timed)
    return Planned(check, Course.ASK, "", counts[0], max(counts), timed)
