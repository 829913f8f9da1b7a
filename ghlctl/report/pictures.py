"""The charts of a document, wide for a desk and narrow for a hand."""

from dataclasses import dataclass

from markupsafe import Markup

from ghlctl.model.estimate import Comparison
from ghlctl.model.finding import AuditSummary
from ghlctl.report.charts import forest, score, timeline
from ghlctl.report.charts.curves import Series, percentile_chart
from ghlctl.report.document import Curve, Document, LoadView
from ghlctl.report.figures import statement

STYLES = 4
_NARROW, _HALF, _WHOLE = 320.0, 540.0, 1080.0


@dataclass(frozen=True, slots=True)
class Pictures:
    """Draws what the page asks for; every picture gets an id of its own."""

    document: Document

    def style(self, load: LoadView) -> int:
        """The colour and dashes of a run, the same in every chart."""
        return self.document.loads.index(load) % STYLES

    def response_times(self) -> Markup:
        series = [Series(load.label, load.curve, self.style(load)) for load in self.document.loads]
        return self._curves(series, "response", "Response time by percentile")

    def end_to_end_times(self) -> Markup:
        series = [
            Series(load.label, load.end_to_end_curve, self.style(load))
            for load in self.document.loads
            if load.end_to_end_curve
        ]
        return self._curves(series, "end-to-end", "End-to-end time by percentile")

    def timeline(self, load: LoadView) -> Markup:
        if load.timeline is None:
            return Markup("")
        shared = timeline.tops([each.timeline for each in self.document.loads if each.timeline])
        place = self.document.loads.index(load)
        return _both(
            *(
                timeline.timeline_chart(
                    load.timeline,
                    shared,
                    id_=f"timeline-{place}-{name}",
                    title=f"{load.label} second by second",
                    width=width,
                    style=self.style(load),
                )
                for name, width in (("wide", _WHOLE), ("narrow", _NARROW))
            )
        )

    def axis(self, *, relative: bool) -> Markup:
        scale = forest.shared_scale(self._metrics(), relative=relative)
        return forest.axis_picture(scale, id_=f"axis-{_kind(relative)}", relative=relative)

    def interval(self, compared: Comparison) -> Markup:
        metrics = self._metrics()
        scale = forest.shared_scale(metrics, relative=compared.relative)
        id_ = f"interval-{metrics.index(compared)}"
        return forest.interval_picture(compared, scale, id_=id_, words=statement(compared))

    def score(self, summary: AuditSummary, place: int) -> Markup:
        return score.score_picture(summary, id_=f"score-{place}")

    def _metrics(self) -> tuple[Comparison, ...]:
        return self.document.comparison.metrics if self.document.comparison else ()

    def _curves(self, series: list[Series], id_: str, title: str) -> Markup:
        among = self._all_curves()
        return _both(
            *(
                percentile_chart(series, id_=f"{id_}-{name}", title=title, size=size, among=among)
                for name, size in (("wide", (_HALF, 320.0)), ("narrow", (_NARROW, 280.0)))
            )
        )

    def _all_curves(self) -> list[Curve]:
        """Both curve charts share their upright scale, so that they can be read side by side."""
        curves = [load.curve for load in self.document.loads]
        return curves + [each.end_to_end_curve or () for each in self.document.loads]


def _kind(relative: bool) -> str:
    return "ratio" if relative else "difference"


def _both(wide: Markup, narrow: Markup) -> Markup:
    return Markup('<div class="wide">{}</div><div class="narrow">{}</div>').format(wide, narrow)
