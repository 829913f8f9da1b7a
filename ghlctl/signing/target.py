"""Where a delivery is sent, for schemes that carry a part of their proof in the URL."""

from ghlctl.signing.scheme import Scheme, Targeting


def target_of(scheme: Scheme, url: str, body: bytes) -> str:
    """The URL to send to when the receiver listens at `url`; the same one for most schemes."""
    return scheme.target(url, body) if isinstance(scheme, Targeting) else url
