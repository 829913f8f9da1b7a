"""A security score on its way from 0 to 100, with its interval and the caps that hold it."""

from collections.abc import Sequence

from markupsafe import Markup

from ghlctl.model.finding import AuditSummary, Cap
from ghlctl.report import numbers
from ghlctl.report.charts import svg
from ghlctl.report.charts.scales import Scale

_WIDTH, _HEIGHT, _PAD = 320.0, 54.0, 14.0


def score_picture(summary: AuditSummary, *, id_: str) -> Markup:
    """The score as a filled bar, its interval as a bracket, caps as marks below."""
    scale = Scale(0, 100, _PAD, _WIDTH - _PAD)
    return svg.picture(
        svg.element("rect", x=_PAD, y=16, width=_WIDTH - 2 * _PAD, height=10, rx=5, class_="track"),
        *_filled(summary, scale),
        *_bracket(summary, scale),
        *_caps(summary.caps, scale),
        *(
            svg.text(str(tick), scale.at(tick), 50, class_="tick middle")
            for tick in (0, 25, 50, 75, 100)
        ),
        id_=id_,
        size=(_WIDTH, _HEIGHT),
        title="Security score",
        description=describe(summary),
    )


def describe(summary: AuditSummary) -> str:
    """Score, interval and caps in words."""
    if numbers.known(summary.score) is None:
        return "There is no score."
    caps = ", ".join(numbers.score(cap.limit) for cap in summary.caps)
    held = f" Capped at {caps}." if caps else ""
    ends = f"{numbers.score(summary.score_low)} to {numbers.score(summary.score_high)}"
    return f"Score {numbers.score(summary.score)} of 100, between {ends}.{held}"


def _filled(summary: AuditSummary, scale: Scale) -> list[Markup]:
    score = numbers.known(summary.score)
    if score is None:
        return []
    width = max(scale.at(score) - scale.start, 0.0)
    grade = "good" if summary.passed else "bad"
    return [svg.element("rect", x=_PAD, y=16, width=width, height=10, rx=5, class_=f"fill {grade}")]


def _bracket(summary: AuditSummary, scale: Scale) -> list[Markup]:
    low, high = numbers.known(summary.score_low), numbers.known(summary.score_high)
    if low is None or high is None:
        return []
    left, right = scale.at(low), scale.at(high)
    return [
        svg.line(left, 9, right, 9, class_="interval"),
        *(svg.line(end, 5, end, 13, class_="whisker") for end in (left, right)),
    ]


def _caps(caps: Sequence[Cap], scale: Scale) -> list[Markup]:
    limits = [limit for cap in caps if (limit := numbers.known(cap.limit)) is not None]
    return [svg.line(scale.at(each), 13, scale.at(each), 35, class_="cap") for each in limits]
