"""Receivers whose one flaw is in what they do when too much is sent."""

from tests.audit.flaws.flaw import Flaw

FLAWS: tuple[Flaw, ...] = ()
