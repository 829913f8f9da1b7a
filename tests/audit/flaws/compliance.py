"""Receivers whose one flaw is in what they keep on record."""

from tests.audit.flaws.flaw import Flaw

FLAWS: tuple[Flaw, ...] = ()
