"""A captured delivery as evidence, the keys it is held against, and what is said of it."""

from dataclasses import dataclass

from ghlctl.model.delivery import Headers
from ghlctl.signing.scheme import Rejection, Request, Scheme, VerifyingKey


@dataclass(frozen=True, slots=True)
class Named:
    """A key under the name by which a person knows it, as text and as the scheme reads it.

    `signing`: the private half's text where it is at hand, as it is for a test key.
    """

    name: str
    text: bytes
    key: VerifyingKey
    signing: bytes | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A delivery as it was captured; `request` has an empty URL where that is not known."""

    body: bytes
    headers: Headers
    request: Request


@dataclass(frozen=True, slots=True)
class Explanation:
    """`cause` is "holds", or what is wrong; `proven`: with it put right, the signature holds."""

    rejection: Rejection | None
    cause: str
    proven: bool
    text: str
    hint: str = ""


def judge(
    subject: Subject,
    scheme: Scheme,
    key: VerifyingKey,
    *,
    now: float = 0.0,
    tolerance: float | None = None,
) -> Rejection | None:
    return scheme.verify(
        subject.body,
        subject.headers,
        key,
        now=now,
        tolerance=tolerance,
        request=subject.request,
    )
