"""YAML as it is read here: small, safe, located, and without surprises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import UsageError
from ghlctl.scenario.document import MAX_BYTES, read_document


def refusal(text: str) -> UsageError:
    with pytest.raises(UsageError) as refused:
        read_document(text, "a.yaml")
    assert "\n" not in refused.value.message
    return refused.value


def test_every_value_has_its_line() -> None:
    document = read_document("a: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\n", "a.yaml")
    assert document.value == {"a": 1, "b": ["x", {"c": 2, "d": 3}]}
    assert document.lines[("a",)] == 1
    assert document.lines[("b",)] == 2
    assert document.lines[("b", 0)] == 3
    assert document.lines[("b", 1, "d")] == 5


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("off", "off"),
        ("no", "no"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("010", "010"),
        ("12:30:00", "12:30:00"),
        ("2026-13-45", "2026-13-45"),
        ("1e5", "1e5"),
        ("1.5", 1.5),
        ("-3", -3),
        ("1_000", "1_000"),
        ("~", None),
        ("25/s", "25/s"),
        ("1%", "1%"),
        ("9" * 5000, "9" * 5000),
        ("=", "="),
        ("'3'", "3"),
    ],
)
def test_only_plain_numbers_booleans_and_null_are_not_text(text: str, value: object) -> None:
    found = read_document(f"a: {text}\n", "a.yaml").value["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.yaml is empty"),
        ("# nothing\n", "a.yaml is empty"),
        ("- a\n- b\n", "a.yaml:1: a mapping is expected here"),
        ("just text\n", "a.yaml:1: a mapping is expected here"),
        ("a: 1\nb: 2\na: 3\n", "a.yaml:3: a: this key stands here twice"),
        ("b: {c: 1, 'c': 2}\n", "a.yaml:1: b.c: this key stands here twice"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2: this is no YAML"),
        ("a: [1\nb: 2\n", "a.yaml:2: this is no YAML"),
        ("a:\tb: c\n", "a.yaml:1: this is no YAML"),
        ("1: a\n", "a.yaml:1: a key has to be text"),
        ("[1, 2]: a\n", "a.yaml:1: a key has to be text"),
        ("a: !!python/object/apply:os.system [ls]\n", "a.yaml:1: a: tags are not supported"),
        ("a: !!python/name:os.system ''\n", "a.yaml:1: a: tags are not supported"),
        ("a: !!set {b, c}\n", "a.yaml:1: a: tags are not supported"),
        ("a: !!binary aGk=\n", "a.yaml:1: a: tags are not supported"),
        ("a: !!int x\n", "a.yaml:1: a: this value cannot be read"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "a.yaml:3: c: merge keys are not supported"),
        ("a: *nowhere\n", "a.yaml:1: this is no YAML"),
        ("a: \x00\n", "a.yaml: this is no YAML text"),
        ("a: &x [*x]\n", "a.yaml:1: this document is too large"),
        ("a: " + "[" * 5000, "a.yaml: this is nested too deeply"),
        ("a: " + "{a: " * 40 + "1" + "}" * 40, "a.yaml:1: this document is too large"),
    ],
)
def test_what_is_no_small_safe_mapping_is_refused(text: str, message: str) -> None:
    assert refusal(text).message.startswith(message)


def test_an_alias_is_expanded_and_a_bomb_of_them_is_not() -> None:
    assert read_document("a: &x [1]\nb: *x\n", "a.yaml").value == {"a": [1], "b": [1]}
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    assert "too large" in refusal(bomb).message


def test_a_huge_file_is_refused_before_it_is_parsed() -> None:
    assert refusal("#" * (MAX_BYTES + 1)).message == "a.yaml is larger than 1 MiB"


def test_a_key_with_line_breaks_cannot_break_a_message() -> None:
    error = refusal('"x\\ny\\e[31m": 1\n"x\\ny\\e[31m": 2\n')
    assert "\x1b" not in error.message


def said_of(text: str) -> str:
    """The refusal's message, or nothing where the text is a mapping."""
    try:
        read_document(text, "a.yaml")
    except UsageError as error:
        return error.message
    return ""


@given(st.text(max_size=200))
def test_any_text_is_either_read_or_refused_in_one_line(text: str) -> None:
    assert "\n" not in said_of(text)


@given(st.text(st.sampled_from("ab: -[]{}&*!|>'\"%#,\n\t?~1."), max_size=60))
def test_any_punctuation_is_either_read_or_refused_in_one_line(text: str) -> None:
    assert "\n" not in said_of(text)
