"""Zoom: HMAC-SHA256, hex after `v0=`, over `v0:timestamp:body`; no tolerance is stated."""

from ghlctl.signing.scheme import Covered
from ghlctl.signing.shared_secret import SharedSecret
from ghlctl.signing.slack import v0_content

ZOOM = SharedSecret(
    name="zoom",
    signature="x-zm-signature",
    timestamp="x-zm-request-timestamp",
    prefix="v0=",
    covers=(Covered.BODY, Covered.TIMESTAMP),
    content=v0_content,
    weakness="no tolerance is stated: without one of its own a receiver takes any replay",
)
