"""What is declared, held against what is there; and what nobody can see from outside."""

from ghlctl.audit.about import About, Topic
from ghlctl.audit.kit import Kit
from ghlctl.audit.script import Check, Need, Script, Verdict, ask_oldest
from ghlctl.model.finding import Confidence, Outcome, Severity

_DAY_S = 86400.0
_SWEEP_DAYS = 1.0
"""A job that erases once a day is not late."""


def kept_too_long(kit: Kit) -> Script:
    """The age of the oldest record against the declared retention.

    The catalogue fails where nothing is declared. Whether a policy exists elsewhere cannot be seen
    from here, so that is not tested.
    """
    said = yield from ask_oldest()
    if said.failure:
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, said.failure)
    if not said.times:
        reason = "the command for the oldest record printed nothing, so nothing was looked at"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)
    allowed = kit.retention_days or 0.0
    age_days = (kit.now() - said.times[0]) / _DAY_S
    if age_days < -_SWEEP_DAYS:
        reason = "the command for the oldest record told a time that is still to come"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)
    told = f"the oldest record is {max(age_days, 0.0):.1f} days old, {allowed:g} are declared"
    if age_days > allowed + _SWEEP_DAYS:
        return Verdict(Outcome.FAIL, Confidence.HIGH, told)
    return Verdict(Outcome.PASS, Confidence.HIGH, told)


def on_paper(_kit: Kit) -> Script:
    """A list for people; nothing is sent, and nothing can be passed."""
    yield from ()
    reason = (
        "look at: the record of processing activities; the contract with each processor; who is "
        "told within 72 hours of a breach, by whom; how requests of persons are answered in time "
        "(one month, 45 days in California); that logs are sent to a place that the service "
        "itself cannot change"
    )
    return Verdict(Outcome.MANUAL, Confidence.HIGH, reason, severity=Severity.INFO)


KEPT_TOO_LONG = Check(
    About(
        id="PRV-12",
        name="kept-too-long",
        topic=Topic.COMPLIANCE,
        title="Keeps nothing longer than was declared",
        severity=Severity.MEDIUM,
        asks="times of the records that are kept, by oldest_cmd",
        correct="none older than retention_days, and a day for the job that erases",
        why="what is kept without need can leak, and was promised to be gone",
        remedy="erase by age in a job that runs daily, logs and backups included",
        references=("ASVS v5.0.0-14.2.7", "GDPR 5(1)(e)", "CCPA 1798.100"),
    ),
    kept_too_long,
    frozenset({Need.OLDEST, Need.RETENTION}),
)

ON_PAPER = Check(
    About(
        id="PRV-16",
        name="on-paper",
        topic=Topic.COMPLIANCE,
        title="Has records, contracts and runbooks that no request can show",
        severity=Severity.LOW,
        asks="nothing; it lists what a person has to look at",
        correct="each of them there, and known to those who need it",
        why="most of what the law asks for is not in the program",
        remedy="keep a link to each beside the program",
        references=("ASVS v5.0.0-14.1.1", "ASVS v5.0.0-14.1.2", "ASVS v5.0.0-16.4.3", "GDPR 33(1)"),
    ),
    on_paper,
)

CHECKS = (KEPT_TOO_LONG, ON_PAPER)
