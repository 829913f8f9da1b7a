"""The signature of a header that carries nothing else, as GoHighLevel sends it."""

from ghlctl.model.delivery import Headers, first_header
from ghlctl.signing.encoding import from_base64
from ghlctl.signing.scheme import Rejection

UNSIGNED = "N/A"  # the platform's literal for "this delivery is not signed"


def signature_in(headers: Headers, name: str, length: int) -> bytes | Rejection:
    """The `length` bytes that header `name` holds in base64, or why there are none."""
    value = first_header(headers, name)
    if value is None or value in ("", UNSIGNED):
        return Rejection.MISSING_HEADER
    signature = from_base64(value)
    if signature is None or len(signature) != length:
        return Rejection.MALFORMED
    return signature
