"""All schemes by name. A new scheme is one file and one line here."""

from ghlctl.errors import UsageError
from ghlctl.model.suggestion import suggestion
from ghlctl.signing.ghl import Ghl
from ghlctl.signing.ghl_legacy import GhlLegacy
from ghlctl.signing.github import GITHUB
from ghlctl.signing.header_secret import HeaderSecret
from ghlctl.signing.hmac_timestamp import HMAC_TIMESTAMP
from ghlctl.signing.hubspot import HUBSPOT
from ghlctl.signing.meta import META
from ghlctl.signing.scheme import Scheme
from ghlctl.signing.shopify import SHOPIFY
from ghlctl.signing.slack import SLACK
from ghlctl.signing.square import SQUARE
from ghlctl.signing.standard import Standard
from ghlctl.signing.stripe import Stripe
from ghlctl.signing.twilio import TWILIO
from ghlctl.signing.unsigned import Unsigned
from ghlctl.signing.zoom import ZOOM

_ALL: tuple[Scheme, ...] = (
    Ghl(),
    GhlLegacy(),
    HMAC_TIMESTAMP,
    Standard(),
    Standard("standard-ed25519", version="v1a"),
    Standard("svix", family="svix"),
    Stripe(),
    GITHUB,
    SHOPIFY,
    SLACK,
    TWILIO,
    HUBSPOT,
    SQUARE,
    ZOOM,
    META,
    HeaderSecret(),
    Unsigned(),
)
SCHEMES: dict[str, Scheme] = {scheme.name: scheme for scheme in _ALL}


def scheme_named(name: str) -> Scheme:
    """Raise UsageError for a name that is in no line above."""
    if name not in SCHEMES:
        raise UsageError(f"unknown scheme {name!r}", suggestion(name, SCHEMES, "schemes"))
    return SCHEMES[name]
