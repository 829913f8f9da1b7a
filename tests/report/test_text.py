import re

import msgspec

from ghlctl.model.threshold import GateResult, GateStanding
from ghlctl.report import evidence, text
from ghlctl.report.document import Document
from ghlctl.report.visible import width


def plain(rendered: str) -> list[str]:
    """The lines, with what holds of every text asserted."""
    lines = rendered.splitlines()
    assert rendered.endswith("\n")
    assert max(map(width, lines)) <= 80
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", rendered)
    rendered.encode()
    return lines


def test_the_verdict_comes_first(document: Document) -> None:
    lines = plain(text.render(document))
    assert lines[0] == "Demo on the embedded receiver"
    assert lines[2].startswith("✓ passed: optimized answers in 150 ms")


def test_every_line_fits_and_obeys_nobody(hostile: Document) -> None:
    plain(text.render(hostile))


def test_thresholds_have_a_sign_a_word_and_a_margin(document: Document) -> None:
    whole = "\n".join(plain(text.render(document)))
    missed = r"✗ fail +response_time mean < 500ms\s+850 ms, bound 500 ms, 70 % above"
    assert re.search(missed, whole)
    assert re.search(r"✓ pass +response_time mean < 500ms\s+150 ms, bound 500 ms, 70 % bel", whole)
    unknown = r"\? not measured +response_time\{event=TaskCreate\} p99 < \S+\s+–, bound"
    assert re.search(unknown, whole)
    assert re.search(r"warning only;\s+no TaskCreate was", whole)


def test_a_comparison_has_its_intervals(document: Document) -> None:
    whole = "\n".join(plain(text.render(document)))
    assert re.search(r"✓ better +response time +850 ms +150 ms +−82 % +−84 to −80 %", whole)
    assert "response time p99: only a change of 50 % or more would have shown" in whole


def test_a_failing_check_reads_like_a_diagnostic(document: Document) -> None:
    lines = plain(text.render(document))
    start = lines.index("fail[signature.altered-body]: An altered body is refused")
    assert lines[start + 1] == "  --> POST http://127.0.0.1:8700/webhooks/ghl"
    assert lines[start + 2].endswith("200, 1 effect")
    assert lines[start + 3].startswith("   |  upstream: ")
    assert lines[start + 4] == "   = severity: critical, confirmed"
    assert lines[start + 5] == "   = reason: answered 200 and updated a contact"


def test_effects_that_nobody_could_see_are_not_counted(document: Document) -> None:
    one = document.audits[0].summary.checks[0].evidence[0]
    unseen = msgspec.structs.replace(one, effects=(), observed=False)
    assert evidence.brief(unseen).endswith("200, effects not seen (no upstream)")
    assert evidence.effects_text(unseen) == "effects not seen (no upstream)"


def test_cautions_carry_their_hint(document: Document) -> None:
    lines = plain(text.render(document))
    assert "  hint: close them, or read the change rather than the absolute times" in lines


def test_an_aborted_run_without_numbers_is_readable(bare: Document) -> None:
    whole = "\n".join(plain(text.render(bare)))
    assert "? not decided" in whole
    assert "✓" not in whole


def test_an_audit_without_a_score_says_so(audit_only: Document) -> None:
    assert "? no score, because its controls failed" in "\n".join(plain(text.render(audit_only)))


def test_a_summary_fits_a_screen_and_leaves_out_the_evidence(document: Document) -> None:
    lines = plain(text.render_summary(document))
    assert len(lines) < 50
    assert lines[2].startswith("✓ passed: optimized answers in 150 ms")
    assert "audit of baseline: ✗ fail: score 39 of 100 (25 to 39 with what is undecided)," in lines
    assert not [line for line in lines if line.startswith("  -->")]


def test_a_gate_alone_counts_what_was_not_measured(document: Document) -> None:
    thresholds = document.loads[1].summary.thresholds
    standing = GateStanding.NOT_MEASURED
    lines = plain(text.render_gate(GateResult(1, thresholds, passed=False, standing=standing)))
    assert lines[-1] == "gate: ? not measured (4 passed, 1 not measured)"
    standing = GateStanding.PASSED
    lines = plain(text.render_gate(GateResult(1, thresholds[:1], passed=True, standing=standing)))
    assert lines[-1] == "gate: ✓ pass (1 passed)"


def test_a_comparison_alone_has_its_cautions(document: Document) -> None:
    assert document.comparison
    lines = plain(text.render_comparison(document.comparison))
    assert "caution: the comparison: the runs came one after the other, so drift of the" in lines
