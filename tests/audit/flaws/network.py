"""Receivers whose one flaw is in what their address offers beside the webhook."""

from tests.audit.flaws.flaw import Flaw

FLAWS: tuple[Flaw, ...] = ()
