"""HubSpot v3: HMAC-SHA256, base64, over method, URL, body and the time in milliseconds."""

from ghlctl.signing.scheme import Covered
from ghlctl.signing.shared_secret import Message, SharedSecret, Writing


def _content(message: Message) -> bytes:
    place = message.request.method + message.request.url
    return place.encode("utf-8", "surrogatepass") + message.body + message.timestamp.encode()


HUBSPOT = SharedSecret(
    name="hubspot",
    signature="X-HubSpot-Signature-v3",
    timestamp="X-HubSpot-Request-Timestamp",
    ticks_per_s=1000,
    covers=(Covered.METHOD, Covered.URL, Covered.BODY, Covered.TIMESTAMP),
    content=_content,
    writing=Writing.BASE64,
    tolerance_s=300.0,
    weakness="nothing parts URL, body and time in what is signed, and no id is covered",
)
