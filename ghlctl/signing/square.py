"""Square: HMAC-SHA256, base64, over the notification URL and the body."""

from ghlctl.signing.scheme import Covered
from ghlctl.signing.shared_secret import Message, SharedSecret, Writing


def _content(message: Message) -> bytes:
    return message.request.url.encode("utf-8", "surrogatepass") + message.body


SQUARE = SharedSecret(
    name="square",
    signature="x-square-hmacsha256-signature",
    covers=(Covered.URL, Covered.BODY),
    content=_content,
    writing=Writing.BASE64,
    weakness="neither time nor id; behind a proxy the URL must be the registered one",
)
