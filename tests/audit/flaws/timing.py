"""Receivers whose one flaw is in how long they take to compare."""

from tests.audit.flaws.flaw import Flaw

FLAWS: tuple[Flaw, ...] = ()
