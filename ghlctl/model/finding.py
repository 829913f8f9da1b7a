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
    `signed`: its signature was genuine, so that sending it by hand takes the key.
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
    signed: bool = False


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A check's outcome on a receiver; `name` is its id in words."""

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
    name: str = ""


class Standing(StrEnum):
    """INCOMPLETE: nothing failed, but less than nine tenths of it could be decided."""

    PASS = "pass"  # noqa: S105 - a standing, no password
    WARN = "warn"
    FAIL = "fail"
    INCOMPLETE = "incomplete"
    NOT_TESTED = "not_tested"
    NOT_APPLICABLE = "not_applicable"


class Category(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Some topics together. `score` 0-100 over what was decided, None where nothing was.

    `weight` is its share in the whole score, 0 where it has none of its own; `reason` says what
    decided the standing.
    """

    name: str
    title: str
    standing: Standing
    score: float | None
    coverage: float
    weight: float
    reason: str = ""


class Cap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bound on the score and the finding that set it."""

    limit: float
    reason: str


class AuditSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The JSON of `ghlctl audit`. Scores 0-100, None after a failed control; coverage 0-1.

    `suppressions` are of findings that stay in `checks` and in the scores; only
    `score_with_accepted_risks`, the lowest score without them, leaves them out. An expired
    suppression accepts nothing.
    `validations` are the four of the plan, `categories` what the score is made of. `baseline` is
    the run that `known` failures were found in already; they do not fail this one again.
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
    validations: tuple[Category, ...] = ()
    categories: tuple[Category, ...] = ()
    baseline: str = ""
    known: tuple[str, ...] = ()
