"""Slack: HMAC-SHA256, hex after `v0=`, over `v0:timestamp:body`."""

from ghlctl.signing.scheme import Covered
from ghlctl.signing.shared_secret import Message, SharedSecret


def v0_content(message: Message) -> bytes:
    """What Slack signs, and Zoom after it."""
    return b"v0:" + message.timestamp.encode() + b":" + message.body


SLACK = SharedSecret(
    name="slack",
    signature="X-Slack-Signature",
    timestamp="X-Slack-Request-Timestamp",
    prefix="v0=",
    covers=(Covered.BODY, Covered.TIMESTAMP),
    content=v0_content,
    tolerance_s=300.0,
    weakness="no id: a replay inside five minutes is the receiver's to refuse",
)
