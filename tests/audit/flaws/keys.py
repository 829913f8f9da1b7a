"""Receivers whose one flaw is in how they choose, keep and replace keys."""

from tests.audit.flaws.flaw import Flaw

FLAWS: tuple[Flaw, ...] = ()
