"""What an audit found: outcomes with their evidence."""

from enum import StrEnum

import msgspec

from ghlctl.model.caution import Caution
from ghlctl.model.suppression import Suppression


class Outcome(StrEnum):
    """Only PASS and FAIL are judgements; SKIP was asked for, the others say why there is none."""

    PASS = "pass"  # noqa: S105 - an outcome, no password
    FAIL = "fail"
    WARN = "warn"
    INCONCLUSIVE = "inconclusive"
    NOT_TESTED = "not_tested"
    NOT_APPLICABLE = "not_applicable"
    INFORMATIVE = "informative"
    MANUAL = "manual"
    SKIP = "skip"
    ERROR = "error"


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Confidence(StrEnum):
    """CONFIRMED: seen in the upstream's ledger, with working controls around it."""

    CONFIRMED = "confirmed"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Exchange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request of a check and what came of it. Text is as received, cut, never interpreted.

    `status` is 0 and `error` says why where no reply came. `effects` are the ledger's lines that
    carry this request's canary; where `observed` is False, nobody could see whether there are any.
    """

    purpose: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str
    body_bytes: int
    status: int = 0
    reply_headers: tuple[tuple[str, str], ...] = ()
    reply_body: str = ""
    error: str = ""
    total_ms: float = 0.0
    effects: tuple[str, ...] = ()
    observed: bool = True


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A check's outcome on a receiver."""

    id: str
    topic: str
    title: str
    outcome: Outcome
    severity: Severity
    confidence: Confidence
    reason: str
    evidence: tuple[Exchange, ...] = ()
    why: str = ""
    remedy: str = ""
    references: tuple[str, ...] = ()


class Cap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bound on the score and the finding that set it."""

    limit: float
    reason: str


class AuditSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The JSON of `ghlctl audit`. Scores 0-100, None after a failed control; coverage 0-1.

    `suppressions` are of findings that stay in `checks` and in the scores; only
    `score_with_accepted_risks`, the lowest score without them, leaves them out. An expired
    suppression accepts nothing.
    """

    schema_version: int
    run: str
    receiver: str
    score: float | None
    score_low: float | None
    score_high: float | None
    coverage: float
    grade: str
    caps: tuple[Cap, ...]
    counts: dict[str, int]
    checks: tuple[Finding, ...]
    cautions: tuple[Caution, ...]
    passed: bool = msgspec.field(name="pass")
    algorithm: str = "1"
    suppressions: tuple[Suppression, ...] = ()
    expired_suppressions: tuple[Suppression, ...] = ()
    score_with_accepted_risks: float | None = None
