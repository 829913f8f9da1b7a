"""What comes of one HTTP request: a reply, or the reason why there is none. No I/O here."""

from dataclasses import dataclass

from ghlctl.model.delivery import Reply
from ghlctl.model.sample import ErrorKind

KEPT_BYTES = 64 * 1024
"""As much of a reply's body as is kept; what lies beyond is hostile or of no interest."""


@dataclass(frozen=True, slots=True)
class Failure:
    """No whole reply came; `text` is the cause in one line, `total_ms` the time until then."""

    kind: ErrorKind
    text: str
    total_ms: float = 0.0


Answer = Reply | Failure


def acknowledged(answer: Answer) -> bool:
    """Whether a reply came, and it was a 2xx."""
    return isinstance(answer, Reply) and answer.acknowledged


@dataclass(frozen=True, slots=True)
class Pushed:
    """What came of a large body, and how many of its bytes had left when the answer began."""

    answer: Answer
    sent_bytes: int
    body_bytes: int

    @property
    def consumed(self) -> bool:
        """The receiver let the whole body come before it answered."""
        return self.sent_bytes >= self.body_bytes
