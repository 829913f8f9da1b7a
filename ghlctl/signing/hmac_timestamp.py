"""HMAC-SHA256, hex, over `timestamp.body`: the scheme that many custom webhooks use."""

from ghlctl.signing.scheme import Covered
from ghlctl.signing.shared_secret import Message, SharedSecret


def _content(message: Message) -> bytes:
    return message.timestamp.encode() + b"." + message.body


HMAC_TIMESTAMP = SharedSecret(
    name="hmac-timestamp",
    signature="X-Signature",
    timestamp="X-Timestamp",
    covers=(Covered.BODY, Covered.TIMESTAMP),
    content=_content,
    tolerance_s=300.0,
    weakness="no id: a replay inside the tolerance is the receiver's to refuse",
)
