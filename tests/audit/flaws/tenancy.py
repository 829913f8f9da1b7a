"""Receivers whose one flaw is in mixing tenants."""

from tests.audit.flaws.flaw import Flaw

FLAWS: tuple[Flaw, ...] = ()
