"""Receivers whose one flaw is in where they leave personal data."""

from tests.audit.flaws.flaw import Flaw

FLAWS: tuple[Flaw, ...] = ()
