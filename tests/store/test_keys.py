import stat
from pathlib import Path

import pytest

from ghlctl.errors import GhlctlError, KeyMaterialError
from ghlctl.signing.catalogue import SCHEMES
from ghlctl.store.keys import KeyFolder, resolve_key


def test_a_key_is_read_from_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"from a file\n")
    assert resolve_key("env:KEY", {"KEY": "from the environment"}) == b"from the environment"
    assert resolve_key(f"file:{tmp_path / 'key'}", {}) == b"from a file\n"


@pytest.mark.parametrize(
    "ref", ["", "secret", "env:", "file:", "env:ABSENT", "env:BLANK", "file:/nonexistent/key"]
)
def test_a_reference_that_leads_nowhere_is_a_clear_error_with_a_hint(ref: str) -> None:
    with pytest.raises(GhlctlError) as refusal:
        resolve_key(ref, {"BLANK": "  "})
    assert refusal.value.hint


def test_a_secret_given_by_mistake_is_not_repeated_in_the_error() -> None:
    with pytest.raises(GhlctlError) as refusal:
        resolve_key("hunter2", {})
    assert "hunter2" not in refusal.value.message + refusal.value.hint


def test_an_empty_key_file_and_a_folder_are_clear_errors(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for place in (tmp_path / "empty", tmp_path):
        with pytest.raises(KeyMaterialError):
            resolve_key(f"file:{place}", {})


@pytest.mark.parametrize("name", ["ghl", "hmac-timestamp"])
def test_private_keys_are_for_their_owner_alone(tmp_path: Path, name: str) -> None:
    stored = KeyFolder(tmp_path / "keys").load_or_make(SCHEMES[name])
    assert stat.S_IMODE(stored.private.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_a_key_pair_is_made_once_and_then_found(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    first = folder.load_or_make(SCHEMES["ghl"]).private.read_bytes()
    again = folder.load_or_make(SCHEMES["ghl"])
    assert again.private.read_bytes() == first
    assert folder.all() == [again]


def test_a_private_key_is_never_overwritten(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    pair = SCHEMES["ghl"].generate()
    folder.save("ghl", "test", pair)
    with pytest.raises(KeyMaterialError):
        folder.save("ghl", "test", SCHEMES["ghl"].generate())
    assert folder.place("ghl", "test").private.read_bytes() == pair.private


def test_a_scheme_name_with_a_dash_is_told_from_the_keys_name(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    folder.load_or_make(SCHEMES["hmac-timestamp"], "mine")
    assert [(key.scheme, key.name) for key in folder.all()] == [("hmac-timestamp", "mine")]
