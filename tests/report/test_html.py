import itertools
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from ghlctl.model.caution import Caution
from ghlctl.report import html
from ghlctl.report.document import Document

_VOID = {"meta", "link", "br"}
_CSS = (Path(html.__file__).parent / "templates" / "style.css").read_text()


class Page(HTMLParser):
    """What a browser would make of a page: its elements, and whether they nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data

    def named(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def safe(text: str) -> Page:
    """The page, with what holds of every page asserted."""
    page = Page(text)
    assert not page.open
    assert not page.named("script", "iframe", "object", "embed", "base", "form", "img", "b")
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert "style" not in attributes
        assert "src" not in attributes
        for name in ("href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:,"))
    assert "@import" not in text
    assert "url(" not in _CSS
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    text.encode()
    return page


def test_the_page_asks_for_nothing_and_runs_nothing(document: Document) -> None:
    page = safe(html.render(document))
    policies = [
        each["content"] or ""
        for each in page.named("meta")
        if each.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_hostile_text_stays_text(hostile: Document) -> None:
    text = html.render(hostile)
    page = safe(text)
    assert len(text) < 2_000_000
    assert page.named("main", "footer")


def test_a_template_in_a_text_is_not_run(document: Document) -> None:
    page = safe(html.render(replace(document, title="{{ 7 * 191 }}")))
    assert "{{ 7 * 191 }}" in page.text
    assert "1337" not in page.text


def test_hostile_text_can_be_read_as_it_came(document: Document) -> None:
    check = document.audits[0].summary.checks[0]
    exchange = msgspec.structs.replace(
        check.evidence[0], reply_body="<script>\x1b[31m&amp;\nnext line"
    )
    changed = msgspec.structs.replace(check, evidence=(exchange,))
    summary = msgspec.structs.replace(document.audits[0].summary, checks=(changed,))
    audits = (replace(document.audits[0], summary=summary),)
    page = safe(html.render(replace(document, audits=audits)))
    assert "<script>␛[31m&amp;\nnext line" in page.text


def test_ids_are_unique_and_what_refers_to_them_finds_them(document: Document) -> None:
    page = safe(html.render(document))
    ids = Counter(each["id"] for _, each in page.tags if "id" in each)
    assert max(ids.values()) == 1
    for _, each in page.tags:
        assert set((each.get("aria-labelledby") or "").split()) <= set(ids)
        if (each.get("href") or "").startswith("#"):
            assert (each["href"] or "")[1:] in ids


def test_headings_go_down_one_level_at_a_time(document: Document) -> None:
    levels = [int(tag[1]) for tag, _ in safe(html.render(document)).tags if re.match(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in itertools.pairwise(levels))


def test_every_table_has_a_caption_and_scoped_headers(document: Document) -> None:
    page = safe(html.render(document))
    assert len(page.named("table")) == len(page.named("caption")) > 5
    assert all("scope" in each for each in page.named("th"))


def test_every_picture_has_a_name(document: Document) -> None:
    pictures = safe(html.render(document)).named("svg")
    assert len(pictures) > 10
    assert all(each["role"] == "img" and each["aria-labelledby"] for each in pictures)


def test_the_headline_numbers_are_on_the_page(document: Document) -> None:
    text = safe(html.render(document)).text
    for number in ("850 ms", "150 ms", "0.13 %", "24.9/s", "10.8 ms", "96.4", "−84 to −80 %"):
        assert number in text


def test_cautions_stand_beside_what_they_doubt(document: Document) -> None:
    text = " ".join(safe(html.render(document)).text.split())
    for about in ("baseline", "the comparison", "audit of baseline"):
        assert f"{about}:" in text
        assert f"Caution on {about}" in text
    assert "What to do: close them" in text


def test_a_caution_that_the_comparison_repeats_is_said_once(document: Document) -> None:
    assert document.comparison
    caution = document.loads[0].summary.cautions[0]
    repeated = Caution(caution.code, f"baseline: {caution.text}", caution.hint)
    comparison = msgspec.structs.replace(
        document.comparison, cautions=(*document.comparison.cautions, repeated)
    )
    page = html.render(replace(document, comparison=comparison))
    assert page == html.render(document)


def test_what_was_not_measured_never_looks_like_a_pass(bare: Document) -> None:
    page = safe(html.render(bare))
    assert "? not measured" in page.text
    assert "✓" not in page.text
    assert not [each for _, each in page.tags if "good" in (each.get("class") or "").split()]


def test_an_aborted_run_is_shown_as_such(bare: Document) -> None:
    text = safe(html.render(bare)).text
    assert "aborted" in text
    assert "Effects were not measured" in text


def test_an_audit_without_a_score_shows_none(audit_only: Document) -> None:
    text = safe(html.render(audit_only)).text
    assert "? no score" in text
    assert "of 100, grade" not in text


def test_an_empty_document_is_a_page(document: Document) -> None:
    assert "Nothing was measured" in safe(html.render(Document("Empty", "now"))).text


def test_more_runs_than_colours_are_drawn(document: Document) -> None:
    loads = tuple(replace(document.loads[0], label=f"run {place}") for place in range(6))
    safe(html.render(replace(document, loads=loads, comparison=None)))


def test_credentials_of_a_request_are_not_shown(document: Document) -> None:
    page = html.render(document)
    assert "hidden-from-view" not in page
    assert "authorization: (hidden)" in page


def test_failing_and_undecided_checks_carry_their_evidence(document: Document) -> None:
    page = safe(html.render(document))
    assert len(page.named("details")) == 5 + 2
    assert "PUT /contacts/ocQHyuzHvysMo5N5VsXc 200 applied" in page.text
    assert "This check exchanged nothing with the receiver." in page.text


def test_the_same_document_makes_the_same_page(document: Document) -> None:
    assert html.render(document) == html.render(document)


def themes() -> dict[str, dict[str, str]]:
    light, dark, printed = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})\b", block))
        for block in re.findall(r":root \{(.*?)\}", _CSS, re.DOTALL)
    )
    return {"light": light, "dark": dark, "print": printed}


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_text_stands_out_from_its_paper(theme: str) -> None:
    """WCAG AA asks for 4.5 to 1."""
    colours = themes()[theme]
    papers = dict.fromkeys(("ink", "muted", "s0", "s1", "s2", "s3"), ("page", "paper"))
    papers |= {each: (f"{each}-paper",) * 2 for each in ("good", "bad", "doubt", "plain")}
    papers |= {"ink ": ("doubt-paper", "code"), "muted ": ("doubt-paper", "code")}
    for name, behind in papers.items():
        for paper in behind:
            ratio = contrast(colours[name.strip()], colours[paper])
            assert ratio >= 4.5, (theme, name, paper, ratio)


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(each * 2 for each in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
