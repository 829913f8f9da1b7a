"""All schemes by name. A new scheme is one file and one line here."""

from ghlctl.errors import UsageError
from ghlctl.signing.ghl import Ghl
from ghlctl.signing.ghl_legacy import GhlLegacy
from ghlctl.signing.hmac_timestamp import HmacTimestamp
from ghlctl.signing.scheme import Scheme

_ALL: tuple[Scheme, ...] = (Ghl(), GhlLegacy(), HmacTimestamp())
SCHEMES: dict[str, Scheme] = {scheme.name: scheme for scheme in _ALL}


def scheme_named(name: str) -> Scheme:
    """Raise UsageError for a name that is in no line above."""
    if name not in SCHEMES:
        raise UsageError(f"unknown scheme {name!r}", f"known schemes: {', '.join(SCHEMES)}")
    return SCHEMES[name]
