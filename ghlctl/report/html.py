"""One self-contained page: no script, no request, readable in light, dark and on paper."""

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ghlctl.model.visible import visible
from ghlctl.report import (
    audit_tables,
    breakdown,
    comparison_tables,
    evidence,
    numbers,
    tables,
    threshold_tables,
)
from ghlctl.report.cautions import all_doubts, audit_doubts, comparison_doubts, load_doubts
from ghlctl.report.document import Document, short_names
from ghlctl.report.figures import columns, detectable, key_figures, remark, statement
from ghlctl.report.method import run_table, sentences
from ghlctl.report.pictures import Pictures
from ghlctl.report.scores import accepted_words, no_score_because
from ghlctl.report.verdict import headline, threshold_standing
from ghlctl.report.visible import flat

_TEXT_LIMIT = 2_000


def render(document: Document) -> str:
    """The document as one HTML file."""
    page = _environment().get_template("report.html.j2")
    named = short_names(document)
    return page.render(
        document=named,
        headline=headline(named),
        figures=key_figures(named),
        columns=columns(named),
        pictures=Pictures(named),
        doubts=all_doubts(named),
        runs=run_table(named),
        sentences=sentences(named),
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("ghlctl.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(
        numbers=numbers,
        tables=tables,
        threshold_tables=threshold_tables,
        comparison_tables=comparison_tables,
        audit_tables=audit_tables,
        breakdown=breakdown,
        evidence=evidence,
        statement=statement,
        detectable=detectable,
        remark=remark,
        no_score_because=no_score_because,
        threshold_standing=threshold_standing,
        load_doubts=load_doubts,
        accepted_words=accepted_words,
        audit_doubts=audit_doubts,
        comparison_doubts=comparison_doubts,
    )
    environment.filters["block"] = _block
    return environment


def _shown(value: object) -> object:
    """Every expression of a template passes here: text on one line, cut, nothing obeyed."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return flat(value, _TEXT_LIMIT)


def _block(text: str) -> Markup:
    """Text that keeps its lines, for <pre>."""
    return escape(visible(text))
