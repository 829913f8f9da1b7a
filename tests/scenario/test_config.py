"""ghlctl.yaml, where it is found, and what the environment says over it."""

from pathlib import Path

import pytest

from ghlctl.errors import UsageError
from ghlctl.scenario.config import (
    Config,
    ReceiverConfig,
    at_url,
    find_config,
    overlay_environment,
    read_config,
)

FULL = """\
receiver:
  url: https://receiver.example/webhooks/ghl
  provider: ghl
  scheme: hmac-timestamp
  key: env:MY_KEY
  upstream: http://127.0.0.1:8701
  headers: {X-Team: sales, Authorization: Bearer abc}
  authorized: true
reports: measured
scenario: scenarios/steady.yaml
"""


def refusal(text: str) -> UsageError:
    with pytest.raises(UsageError) as refused:
        read_config(text, "ghlctl.yaml")
    return refused.value


def test_everything_that_is_said_is_read() -> None:
    assert read_config(FULL, "ghlctl.yaml") == Config(
        receiver=ReceiverConfig(
            url="https://receiver.example/webhooks/ghl",
            provider="ghl",
            scheme="hmac-timestamp",
            key="env:MY_KEY",
            upstream="http://127.0.0.1:8701",
            headers={"X-Team": "sales", "Authorization": "Bearer abc"},
            authorized=True,
        ),
        reports="measured",
        scenario="scenarios/steady.yaml",
    )


def test_what_is_not_said_has_its_usual_value_and_authorizes_nothing() -> None:
    config = read_config("receiver: {url: http://127.0.0.1:8700}\n", "ghlctl.yaml")
    assert config.receiver == ReceiverConfig(url="http://127.0.0.1:8700")
    assert config.receiver.authorized is False
    assert config.reports == "reports"


@pytest.mark.parametrize(
    ("stands", "written", "message", "hint"),
    [
        ("provider:", "provder:", "ghlctl.yaml:3: receiver.provder: unknown key", "'provider'"),
        ("provider: ghl", "provider: g", "ghlctl.yaml:3: receiver.provider: unknown", "ghl"),
        ("hmac-timestamp", "hmac-timestmp", "ghlctl.yaml:4: receiver.scheme: unk", "'hmac-time"),
        ("env:MY_KEY", "hunter2", "ghlctl.yaml:5: receiver.key: a key is named as", "export"),
        ("env:MY_KEY", "'env:'", "ghlctl.yaml:5: receiver.key: a key is named as", "export"),
        ("https://r", "r", "ghlctl.yaml:2: receiver.url: this is no address", "http://"),
        ("https://r", "https://me:pw@r", "ghlctl.yaml:2: receiver.url: an address must", "header"),
        ("8701", "x", "ghlctl.yaml:6: receiver.upstream: this is no address", "http://"),
        ("X-Team: sales", "X Team: sales", "ghlctl.yaml:7: receiver.headers: this is no name", ""),
        ("X-Team: sales", 'X: "a\\r\\nb"', "ghlctl.yaml:7: receiver.headers: the value of", ""),
        ("X-Team: sales", "X-Team: 5", "ghlctl.yaml:7: receiver.headers.X-Team: text is", "quotes"),
        ("authorized: true", "authorized: yes", "ghlctl.yaml:8: receiver.authorized: true or", ""),
        ("reports: measured", "reports: ''", "ghlctl.yaml:9: reports: the path", ""),
        ("reports: measured", "report: measured", "ghlctl.yaml:9: report: unknown", "'reports'"),
        ("scenario: scenarios/steady.yaml", "scenario:", "ghlctl.yaml:10: scenario: text is", ""),
    ],
)
def test_a_mistake_is_named_with_its_line_and_path(
    stands: str, written: str, message: str, hint: str
) -> None:
    assert stands in FULL
    error = refusal(FULL.replace(stands, written, 1))
    assert error.message.startswith(message)
    assert hint in error.hint


def test_no_refusal_repeats_a_secret() -> None:
    for stands, secret in (("env:MY_KEY", "hunter2"), ("Bearer abc", '"hunter2\\n"')):
        error = refusal(FULL.replace(stands, secret))
        assert "hunter2" not in error.message + error.hint


def test_the_nearest_config_up_to_the_repository_is_found(tmp_path: Path) -> None:
    repository = tmp_path / "outer" / "repository"
    deep = repository / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "outer" / "ghlctl.yaml").write_text("reports: outer\n")
    (repository / ".git").mkdir()
    assert find_config(deep) is None
    (repository / "ghlctl.yaml").write_text("reports: r\n")
    assert find_config(deep) == (repository / "ghlctl.yaml").resolve()
    (repository / "a" / "ghlctl.yaml").write_text("reports: a\n")
    assert find_config(deep) == (repository / "a" / "ghlctl.yaml").resolve()


def test_a_worktree_s_git_file_marks_a_repository_too(tmp_path: Path) -> None:
    (tmp_path / "ghlctl.yaml").write_text("reports: a\n")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / ".git").write_text("gitdir: elsewhere\n")
    assert find_config(tree) is None


def test_outside_a_repository_only_the_folder_itself_is_looked_at(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "ghlctl.yaml").write_text("reports: a\n")
    assert find_config(inner) is None
    assert find_config(tmp_path) == (tmp_path / "ghlctl.yaml").resolve()


def test_a_folder_of_that_name_is_no_config(tmp_path: Path) -> None:
    (tmp_path / "ghlctl.yaml").mkdir()
    assert find_config(tmp_path) is None


def test_variables_go_over_the_file_and_empty_ones_say_nothing() -> None:
    config = overlay_environment(
        read_config(FULL, "ghlctl.yaml"),
        {
            "GHLCTL_SCHEME": "ghl",
            "GHLCTL_UPSTREAM": "http://127.0.0.1:9",
            "GHLCTL_REPORTS": "elsewhere",
            "GHLCTL_PROVIDER": "",
            "GHLCTL_REQUIRE_REAL": "1",
            "PATH": "/bin",
        },
    )
    assert config.receiver.scheme == "ghl"
    assert config.receiver.upstream == "http://127.0.0.1:9"
    assert config.receiver.provider == "ghl"
    assert config.receiver.url == "https://receiver.example/webhooks/ghl"
    assert config.receiver.authorized
    assert config.reports == "elsewhere"
    assert config.scenario == "scenarios/steady.yaml"


def test_no_variable_changes_nothing() -> None:
    config = read_config(FULL, "ghlctl.yaml")
    assert overlay_environment(config, {}) == config


def test_a_secret_in_the_environment_is_taken_over_as_a_reference_only() -> None:
    config = overlay_environment(Config(), {"GHLCTL_KEY": "hunter2"})
    assert config.receiver.key == "env:GHLCTL_KEY"
    assert "hunter2" not in repr(config)
    assert overlay_environment(Config(), {"GHLCTL_KEY": "file:k.pem"}).receiver.key == "file:k.pem"


def test_another_address_is_not_authorized_by_what_was_said_of_the_first() -> None:
    config = read_config(FULL, "ghlctl.yaml")
    assert config.receiver.url is not None
    moved = overlay_environment(config, {"GHLCTL_URL": "https://other.example/hook"})
    assert moved.receiver.url == "https://other.example/hook"
    assert not moved.receiver.authorized
    assert overlay_environment(config, {"GHLCTL_URL": config.receiver.url}).receiver.authorized
    said = {"GHLCTL_URL": "https://other.example/hook", "GHLCTL_AUTHORIZED": "true"}
    assert overlay_environment(config, said).receiver.authorized
    assert not at_url(config.receiver, "https://other.example/").authorized
    assert at_url(config.receiver, config.receiver.url).authorized


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GHLCTL_URL", "nowhere"),
        ("GHLCTL_SCHEME", "gh"),
        ("GHLCTL_PROVIDER", "gh"),
        ("GHLCTL_AUTHORIZED", "yes"),
        ("GHLCTL_KEY", "env:"),
    ],
)
def test_a_wrong_variable_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name):
        overlay_environment(Config(), {name: value})
