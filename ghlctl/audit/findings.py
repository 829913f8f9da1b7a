"""Verdicts become findings: with what the check says of itself, and with evidence."""

from collections.abc import Sequence

from ghlctl.audit.about import About
from ghlctl.audit.controls import CLOCK, FIRST_CONTROL, LATER_CONTROL
from ghlctl.audit.grading import LEAST_COVERAGE, Grade, absent_categories
from ghlctl.audit.judgement import NO_LIFE
from ghlctl.audit.lockstep import Asked
from ghlctl.audit.needs import Need, missing
from ghlctl.audit.script import Verdict
from ghlctl.audit.session import Judged, Session, receiver_skew_s
from ghlctl.model.caution import Caution
from ghlctl.model.finding import Confidence, Exchange, Finding, Outcome
from ghlctl.transport.clocks import RESOLUTION_S

SHOWN_EXCHANGES = 8
SKEW_S = 5.0

Told = tuple[Finding, tuple[Exchange, ...]]


def finding(judged: Judged) -> Told:
    """The finding, with the exchanges that prove it, and apart from it all of the check's."""
    asked = judged.asked
    proof = [one for one in asked if not set(one.canaries).isdisjoint(judged.verdict.proof)]
    return _told(judged.check.about, judged.verdict, proof or asked, asked)


def skipped(about: About) -> Finding:
    """A check outside the scope that was asked for."""
    verdict = Verdict(Outcome.SKIP, Confidence.HIGH, "outside the scope of this audit")
    return _told(about, verdict, (), ())[0]


def first_control(session: Session) -> Told:
    """Whether the receiver accepts anything at all."""
    if not session.controls:
        reason = missing([Need.KEY])
        verdict = Verdict(Outcome.NOT_TESTED, Confidence.HIGH, reason)
        return _told(FIRST_CONTROL, verdict, (), ())
    control = session.controls[0]
    sure = Confidence.CONFIRMED if session.kit.oracle else Confidence.MEDIUM
    if control.life is None or not control.life.alive:
        verdict = Verdict(Outcome.ERROR, Confidence.HIGH, f"{NO_LIFE}: {control.why_not}")
    elif control.life.acted < control.life.asked:
        reason = f"{control.life.acted} of {control.life.asked} accepted; {control.why_not}"
        verdict = Verdict(Outcome.WARN, sure, reason)
    else:
        what = "acted on" if session.kit.oracle else "acknowledged"
        verdict = Verdict(Outcome.PASS, sure, f"{control.life.acted} genuine deliveries {what}")
    return _told(FIRST_CONTROL, verdict, control.asked, control.asked)


def later_controls(session: Session) -> Told:
    """Whether it still does after the checks."""
    later = session.controls[1:]
    asked = tuple(one for control in later for one in control.asked)
    if not later:
        verdict = Verdict(Outcome.NOT_TESTED, Confidence.HIGH, "no check was followed by a control")
        return _told(LATER_CONTROL, verdict, (), ())
    dead = next((one for one in later if not one.alive), None)
    if dead is None:
        sure = Confidence.CONFIRMED if session.kit.oracle else Confidence.MEDIUM
        reason = f"accepted after each of {len(later)} groups of checks"
        return _told(LATER_CONTROL, Verdict(Outcome.PASS, sure, reason), asked[-1:], asked)
    reason = f"{NO_LIFE} after {dead.after}: {dead.why_not}"
    verdict = Verdict(Outcome.ERROR, Confidence.HIGH, reason)
    return _told(LATER_CONTROL, verdict, dead.asked, asked)


def clock(session: Session) -> Told:
    """How far the receiver's clock is from ours, as its last Date header tells."""
    asked = session.controls[0].asked if session.controls else ()
    skew = receiver_skew_s(asked)
    if skew is None:
        verdict = Verdict(Outcome.INFORMATIVE, Confidence.LOW, "no reply told a time")
        return _told(CLOCK, verdict, (), ())
    reason = f"the receiver's clock differs by {round(skew):+d} s (to within {RESOLUTION_S:g} s)"
    outcome = Outcome.PASS if abs(skew) <= SKEW_S else Outcome.WARN
    return _told(CLOCK, Verdict(outcome, Confidence.HIGH, reason), asked[-1:], ())


def cautions(session: Session, found: Sequence[Finding], graded: Grade) -> tuple[Caution, ...]:
    """What a reader must know before trusting the score."""
    return tuple(_cautions(session, found, graded))


def _cautions(session: Session, found: Sequence[Finding], graded: Grade) -> list[Caution]:
    said = []
    if session.kit.key is None:
        text = "no genuine delivery could be sent, so there is no score"
        said.append(Caution("audit-no-key", text, f"add {Need.KEY.line}"))
    elif not session.controlled:
        text = f"{NO_LIFE} at least once, so there is no score"
        said.append(Caution("audit-control-failed", text, FIRST_CONTROL.remedy))
    if not session.kit.oracle:
        text = "verdicts rest on replies alone: nobody saw what the receiver did"
        said.append(Caution("audit-no-upstream", text, f"add {Need.ORACLE.line}"))
    if graded.score is not None and graded.coverage < LEAST_COVERAGE:
        text = f"only {graded.coverage:.0%} of the weight was decided, so there is no grade"
        said.append(Caution("audit-coverage", text, "see which checks were not decided, and why"))
    absent = absent_categories([one for one in found if one.outcome is not Outcome.SKIP])
    if absent:
        names = ", ".join(absent)
        text = f"not asked about: {names}; their weight is spread over the others"
        said.append(Caution("audit-topics-absent", text))
    scheme = session.kit.scheme
    text = f"scheme {scheme.name} covers {', '.join(scheme.covers) or 'nothing'}: {scheme.weakness}"
    said.append(Caution("audit-scheme-weakness", text, "ghlctl keys schemes compares them"))
    return said


def _told(about: About, verdict: Verdict, shown: Sequence[Asked], asked: Sequence[Asked]) -> Told:
    told = Finding(
        id=about.id,
        topic=about.topic.value,
        title=about.title,
        outcome=verdict.outcome,
        severity=verdict.severity or about.severity,
        confidence=verdict.confidence,
        reason=verdict.reason,
        evidence=tuple(one.exchange for one in shown[:SHOWN_EXCHANGES]),
        why=about.why,
        remedy=about.remedy,
        references=about.references,
        name=about.name,
    )
    return told, tuple(one.exchange for one in asked)
