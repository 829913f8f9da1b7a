import re
from dataclasses import replace

import msgspec
import pytest

from ghlctl.report import markdown
from ghlctl.report.document import Document


def outside_code(text: str) -> str:
    """The page without its code blocks, which must all be closed."""
    kept: list[str] = []
    fence = ""
    for line in text.split("\n"):
        if fence:
            fence = "" if line == fence else fence
        elif found := re.match(r"(`{3,})text$", line):
            fence = found.group(1)
        else:
            kept.append(line)
    assert not fence
    return "\n".join(kept)


def sound(text: str) -> str:
    """The page, with what holds of every page asserted."""
    assert len(text.encode()) <= markdown.LIMIT_BYTES
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    said = outside_code(text)
    tags = set(re.findall(r"(?<!\\)<[^>]*>?", said))
    assert tags <= {"<details>", "</details>", "<summary>", "</summary>"}
    columns = 0
    for line in said.split("\n"):
        if line.startswith("|"):
            cells = len(re.findall(r"(?<!\\)\|", line))
            assert cells == (columns or cells)
            columns = cells
        else:
            columns = 0
    return text


def test_the_page_leads_with_the_verdict(document: Document) -> None:
    lines = sound(markdown.render(document)).splitlines()
    assert lines[0] == "## Demo on the embedded receiver"
    assert lines[2].startswith("✅ **passed**: optimized answers in 150 ms")


def test_hostile_text_makes_no_markup(hostile: Document) -> None:
    sound(markdown.render(hostile))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a|b", r"a\|b"),
        ("`x`", r"\`x\`"),
        ("two\nlines", "two lines"),
        ("<b>&", r"&lt;b\>&amp;"),
        ("http://evil.invalid", "http&#58;//evil.invalid"),
        ("\\|", r"\\\|"),
    ],
)
def test_what_markdown_would_obey_is_escaped(text: str, written: str) -> None:
    assert markdown.escaped(text) == written


def test_a_fence_is_longer_than_any_inside() -> None:
    assert markdown.fenced("a\n````\nb") == "`````text\na\n````\nb\n`````"


def test_evidence_goes_first_where_the_page_would_be_too_large(document: Document) -> None:
    view = document.audits[0]
    check = view.summary.checks[0]
    large = msgspec.structs.replace(check.evidence[0], reply_body="é" * 4_000)
    many = tuple(
        msgspec.structs.replace(check, id=f"many.{place}", evidence=(large,) * 8)
        for place in range(60)
    )
    summary = msgspec.structs.replace(view.summary, checks=many)
    page = sound(markdown.render(replace(document, audits=(replace(view, summary=summary),))))
    assert "The evidence is left out here" in page
    assert "many.59" in page.replace("\\", "")


def test_a_page_that_is_still_too_large_is_cut_and_says_so(document: Document) -> None:
    notes = ("a note that is repeated very often " * 30,) * 2_000
    page = sound(markdown.render(replace(document, notes=notes)))
    assert page.endswith("The rest is left out: the page would be too large.\n")


def test_an_aborted_run_is_not_decided(bare: Document) -> None:
    assert "❔ **not decided**" in sound(markdown.render(bare))
