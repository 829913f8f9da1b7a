"""What the API answers: a status and a JSON object, refusals in HighLevel's own shapes."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Json

    @property
    def fine(self) -> bool:
        return self.status < 400  # noqa: PLR2004 - HTTP's own border between success and refusal


def bad_request(message: str) -> Answer:
    return Answer(400, {"statusCode": 400, "message": message})


def unauthorized() -> Answer:
    text = "Invalid token: access token is invalid"
    return Answer(401, {"statusCode": 401, "message": text, "error": "Unauthorized"})


def no_version() -> Answer:
    """A missing Version is a 401 and no 400, as integrators saw on the real API."""
    return Answer(401, {"statusCode": 401, "message": "version header was not found."})


def unknown_version() -> Answer:
    return Answer(401, {"statusCode": 401, "message": "version header is invalid"})


def wrong_level() -> Answer:
    """A company's token where a location's is wanted, or the other way round."""
    text = "This authClass type is not allowed to access this scope."
    return Answer(401, {"statusCode": 401, "message": text, "error": "Unauthorized"})


def forbidden() -> Answer:
    text = "The token does not have access to this location."
    return Answer(403, {"statusCode": 403, "message": text, "error": "Forbidden"})


def not_found(message: str) -> Answer:
    return Answer(404, {"statusCode": 404, "message": message, "error": "Not Found"})


def unprocessable(*messages: str) -> Answer:
    body = {"statusCode": 422, "message": list(messages), "error": "Unprocessable Entity"}
    return Answer(422, body)


def too_many() -> Answer:
    """The body of HighLevel's 429 is published nowhere: this is the shape of its other errors."""
    return Answer(429, {"statusCode": 429, "message": "Too Many Requests"})


def failed(status: int) -> Answer:
    """An injected fault."""
    if status == 429:  # noqa: PLR2004 - Too Many Requests, which has an answer of its own
        return too_many()
    return Answer(status, {"statusCode": status, "message": "Injected fault"})
