"""HMAC-SHA256, hex, over `timestamp.body`: the scheme that many custom webhooks use."""

from ghlctl.signing.prepared import PreparedHmac
from ghlctl.signing.scheme import Covered, SigningKey
from ghlctl.signing.secret import secret_of
from ghlctl.signing.shared_secret import Message, SharedSecret

SIGNATURE_HEADER = "X-Signature"
TIMESTAMP_HEADER = "X-Timestamp"


def beginning(timestamp: str, body_start: bytes) -> bytes:
    """What is signed begins with this; the rest of the body follows."""
    return timestamp.encode() + b"." + body_start


def _content(message: Message) -> bytes:
    return beginning(message.timestamp, message.body)


HMAC_TIMESTAMP = SharedSecret(
    name="hmac-timestamp",
    signature=SIGNATURE_HEADER,
    timestamp=TIMESTAMP_HEADER,
    covers=(Covered.BODY, Covered.TIMESTAMP),
    content=_content,
    tolerance_s=300.0,
    weakness="no id: a replay inside the tolerance is the receiver's to refuse",
)


def prepare(key: SigningKey) -> PreparedHmac:
    """For many signatures with one key; raise KeyMaterialError for a key of another scheme."""
    return PreparedHmac(secret_of(key, HMAC_TIMESTAMP.name))
