"""A ladder for a terminal: what each rung measured, how surely, and what it changed."""

from collections.abc import Sequence

from ghlctl.model.estimate import Estimate
from ghlctl.model.ladder import LadderSummary, Rung
from ghlctl.report import columns, numbers
from ghlctl.report.figures import VERDICT_WORDS
from ghlctl.report.table import Table


def render_ladder(summary: LadderSummary) -> str:
    """The rungs by number, three tables of 80 columns and the doubts; ends with a newline."""
    upstream = ", ".join(f"{name} {value:g}" for name, value in summary.upstream.items())
    said = (
        f"{summary.start}, then one switch after another: {summary.rate_per_s:g}/s for"
        f" {summary.duration_s:g} s each; upstream {upstream}; {summary.state}"
    )
    tables = (_figures(summary.rungs), _intervals(summary.rungs), _upstream(summary.rungs))
    blocks = [
        columns.paragraph(said),
        [line for text in _legend(summary) for line in columns.paragraph(text, rest="      ")],
        *([*columns.paragraph(each.caption), *columns.table(each)] for each in tables),
        [line for note in _notes(summary.rungs) for line in columns.paragraph(note, rest="  ")],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _legend(summary: LadderSummary) -> list[str]:
    names = [", ".join(rung.turned) or summary.start for rung in summary.rungs]
    return [f"{number:4}  {name}" for number, name in enumerate(names)]


def _figures(rungs: Sequence[Rung]) -> Table:
    return Table(
        "Ladder",
        ("", "mean", "p95", "errors", "per s", "calls", "hits", "CPU ms"),
        tuple(
            (
                str(number),
                numbers.ms(_value(rung.mean_ms)),
                numbers.ms(rung.p95_ms),
                numbers.percent(rung.error_rate.value),
                numbers.plain(_value(rung.throughput_per_s)),
                numbers.plain(rung.calls_per_event),
                numbers.percent(rung.hit_rate),
                numbers.plain(rung.cpu_ms_per_event),
            )
            for number, rung in enumerate(rungs)
        ),
    )


def _intervals(rungs: Sequence[Rung]) -> Table:
    return Table(
        "95 % intervals, and the mean against the rung above",
        ("", "mean ms", "p95 ms", "errors %", "per s", "change"),
        tuple(
            (
                str(number),
                _ends(rung.mean_ms),
                _ends(rung.p95_blocks_ms),
                _ends(rung.error_rate, 100),
                _ends(rung.throughput_per_s),
                _change(rung),
            )
            for number, rung in enumerate(rungs)
        ),
    )


def _upstream(rungs: Sequence[Rung]) -> Table:
    return Table(
        "What users wait for, and the upstream",
        ("", "end to end", "p95", "one call", "recovered", "lost", "twice", "load"),
        tuple(
            (
                str(number),
                numbers.ms(_value(rung.end_to_end_mean_ms)),
                numbers.ms(rung.end_to_end_p95_ms),
                numbers.ms(rung.call_ms),
                numbers.percent(rung.recovered),
                numbers.count(rung.lost),
                numbers.count(rung.duplicated),
                numbers.plain(rung.load_1m),
            )
            for number, rung in enumerate(rungs)
        ),
    )


def _notes(rungs: Sequence[Rung]) -> list[str]:
    """Each doubt once, in the words of the first rung that has it."""
    places: dict[str, list[int]] = {}
    words: dict[str, str] = {}
    for number, rung in enumerate(rungs):
        for caution in rung.cautions:
            words.setdefault(caution.code, caution.text)
            places.setdefault(caution.code, []).append(number)
    return [
        f"! at {', '.join(map(str, dict.fromkeys(places[code])))}: {text}"
        for code, text in words.items()
    ]


def _value(estimate: Estimate | None) -> float | None:
    return estimate.value if estimate else None


def _ends(estimate: Estimate | None, scale: float = 1) -> str:
    if estimate is None:
        return numbers.UNKNOWN
    low, high = max(estimate.low, 0.0), estimate.high
    return f"{numbers.plain(low * scale)}–{numbers.plain(high * scale)}"


def _change(rung: Rung) -> str:
    found = rung.mean_against_before
    if found is None:
        return ""
    return f"{numbers.change(found.change)} {VERDICT_WORDS[found.verdict]}"
