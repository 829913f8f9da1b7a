"""Receivers whose one flaw is in what they tell strangers."""

from tests.audit.flaws.flaw import Flaw

FLAWS: tuple[Flaw, ...] = ()
