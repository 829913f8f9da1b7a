"""Whether only what the provider signed is acted on."""

from ghlctl.audit.checks import (
    signature_acceptance,
    signature_algorithms,
    signature_bodies,
    signature_forgeries,
    signature_framing,
    signature_kinds,
    signature_lists,
    signature_mathematics,
    signature_metadata,
    signature_offers,
    signature_places,
    signature_secrets,
    signature_values,
)
from ghlctl.audit.script import Check

_FILES = (
    signature_forgeries,
    signature_values,
    signature_bodies,
    signature_acceptance,
    signature_secrets,
    signature_algorithms,
    signature_offers,
    signature_mathematics,
    signature_lists,
    signature_places,
    signature_kinds,
    signature_metadata,
    signature_framing,
)
CHECKS: tuple[Check, ...] = tuple(check for file in _FILES for check in file.CHECKS)
