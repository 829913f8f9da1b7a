import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from ghlctl.model.visible import visible as shown
from ghlctl.report import visible


def test_control_characters_become_signs() -> None:
    assert shown("\x1b[31m\x00\x7f") == "␛[31m␀␡"
    assert shown("\x9b2J") == "⟨U+009B⟩2J"


def test_a_direction_override_cannot_turn_the_text_around() -> None:
    assert shown("a\u202eb\u2066c") == "a⟨U+202E⟩b⟨U+2066⟩c"


def test_halves_of_pairs_and_no_characters_can_be_written_to_a_file() -> None:
    assert shown("\ud800\uffff").encode() == "⟨U+D800⟩⟨U+FFFF⟩".encode()


def test_newlines_and_tabs_stay_until_one_line_is_asked_for() -> None:
    assert shown("a\n\tb") == "a\n\tb"
    assert visible.one_line(" a\n\tb\r\n") == "a b␍"


def test_long_text_is_cut_and_says_by_how_much() -> None:
    assert visible.cut("x" * 1_500, 500) == "x" * 500 + "… (1,000 more characters)"


def test_a_label_is_never_empty() -> None:
    assert visible.label("\n ") == "(no name)"
    assert visible.label("x" * 100) == "x" * 59 + "…"


def test_wide_characters_take_two_columns_and_marks_none() -> None:
    assert visible.width("漢字") == 4
    assert visible.width("e\u0301") == 1


@given(st.text(st.characters(codec=None)))
def test_nothing_that_is_obeyed_survives(text: str) -> None:
    kept = shown(text).replace("\n", "").replace("\t", "")
    assert not [char for char in kept if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}]
    assert shown(kept) == kept
