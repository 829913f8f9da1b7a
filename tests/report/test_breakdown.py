"""Retries and locations in every format, and nothing of them where there were none."""

import msgspec
import pytest

from ghlctl.model.summary import RetriesSummary
from ghlctl.report import csv, html, markdown, text
from ghlctl.report.breakdown import location_table, retries_table
from ghlctl.report.document import Document, LoadView

RETRIES = RetriesSummary("ghl-2026", 8300.0, "fresh", 1234, 56, 7, 8)


@pytest.fixture
def retried(document: Document) -> Document:
    load = document.loads[0]
    part = next(iter(load.summary.by_event.values()))
    summary = msgspec.structs.replace(
        load.summary,
        retries=RETRIES,
        locations=31,
        by_location={
            "<b>quiet</b>": msgspec.structs.replace(part, sent=1),
            "ve9EPM428h8vShlRW1KT": msgspec.structs.replace(part, sent=99),
        },
    )
    return of_one(document, LoadView(load.label, load.run, summary, load.curve))


def of_one(document: Document, load: LoadView) -> Document:
    return Document(document.title, document.generated_at, (load,))


def test_every_format_tells_what_became_of_retries(retried: Document) -> None:
    for render in (text.render, markdown.render, html.render, csv.render):
        shown = render(retried).replace(",", "").replace("\\", "")
        assert "1234" in shown
        assert "56" in shown
    said = text.render(retried)
    assert "policy ghl-2026, 8,300 times as fast, fresh signature" in said
    assert max(map(len, said.splitlines())) <= 80


def test_the_busiest_location_comes_first_and_the_rest_is_counted(retried: Document) -> None:
    table = location_table(retried.loads[0])
    assert [row[0] for row in table.rows] == ["ve9EPM428h8vShlRW1KT", "<b>quiet</b>"]
    assert table.note == "29 more in the samples"
    assert "<b>quiet" not in html.render(retried)


def test_without_retries_and_locations_there_are_no_tables(document: Document) -> None:
    assert retries_table(document.loads).rows == ()
    assert all(location_table(load).rows == () for load in document.loads)
