import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from ghlctl.errors import GhlctlError, KeyMaterialError
from ghlctl.signing.catalogue import SCHEMES
from ghlctl.store.key_folder import KeyFolder, fingerprint
from ghlctl.store.keyring_store import save_in_keyring
from ghlctl.store.keys import resolve_key


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


def test_a_key_that_is_replaced_holds_for_the_overlap_and_is_kept(tmp_path: Path) -> None:
    folder, scheme = KeyFolder(tmp_path), SCHEMES["ghl"]
    first = folder.load_or_make(scheme)
    mark = first.fingerprint()
    new, old = folder.rotate(scheme, "test", overlap_s=100, now=lambda: 1000.0)
    assert old.fingerprint() == mark != new.fingerprint()
    assert old.until == 1100
    assert folder.trusted("ghl", "test", now=1099.9) == [new, old]
    assert folder.trusted("ghl", "test", now=1100) == [new]
    assert folder.place("ghl", "test") == new
    assert set(folder.all()) == {new, old}
    assert stat.S_IMODE(old.private.stat().st_mode) == 0o600


def test_a_shared_secret_can_be_replaced_twice(tmp_path: Path) -> None:
    folder, scheme = KeyFolder(tmp_path), SCHEMES["hmac-timestamp"]
    folder.load_or_make(scheme)
    moments = iter((10.0, 20.0))
    for _ in range(2):
        folder.rotate(scheme, "test", overlap_s=100, now=lambda: next(moments))
    assert [key.until for key in folder.trusted("hmac-timestamp", "test", now=50)] == [
        None,
        120,
        110,
    ]


def test_replacing_a_key_that_is_not_there_or_twice_at_once_is_a_clear_error(
    tmp_path: Path,
) -> None:
    folder, scheme = KeyFolder(tmp_path), SCHEMES["ghl"]
    with pytest.raises(KeyMaterialError, match="no key test"):
        folder.rotate(scheme, "test", overlap_s=1)
    folder.load_or_make(scheme)
    folder.rotate(scheme, "test", overlap_s=1, now=lambda: 5.0)
    with pytest.raises(KeyMaterialError, match="a moment ago"):
        folder.rotate(scheme, "test", overlap_s=1, now=lambda: 5.0)


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a-b", "a.until-5", "x" * 65])
def test_a_name_that_would_be_another_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(GhlctlError, match="name"):
        KeyFolder(tmp_path).place("ghl", name)


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeyMaterialError, match="cannot be written"):
        KeyFolder(tmp_path / "file").load_or_make(SCHEMES["ghl"])


def test_fingerprints_tell_keys_apart_and_ignore_white_space() -> None:
    assert fingerprint(b"one") != fingerprint(b"two")
    assert fingerprint(b"one\n") == fingerprint(b"one")
    assert "one" not in fingerprint(b"one")


class Drawer(KeyringBackend):
    """A keyring in memory."""

    priority = 1.0
    held: ClassVar[dict[tuple[str, str], str]] = {("ghlctl", "staging"): "s3cret"}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


class Locked(Drawer):
    def set_password(self, service: str, username: str, password: str) -> None:  # noqa: ARG002 - as keyring calls it
        raise KeyringLocked(f"{service} {username}")

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked(f"{service} {username}")


@pytest.fixture
def operating_system_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(Drawer())  # type: ignore[no-untyped-call]  # untyped in keyring
    yield
    keyring.set_keyring(before)


def test_a_key_is_read_from_the_operating_system_s_keyring(operating_system_keyring: None) -> None:
    assert resolve_key("keyring:staging", {}) == b"s3cret"
    with pytest.raises(KeyMaterialError, match="holds no key absent"):
        resolve_key("keyring:absent", {})


@pytest.mark.parametrize("scheme", ["ghl", "stripe"])
def test_a_key_is_kept_in_the_keyring_and_never_over_another(
    operating_system_keyring: None, scheme: str
) -> None:
    pair, name = SCHEMES[scheme].generate(), f"{scheme}-kept"
    save_in_keyring(name, pair)
    assert resolve_key(f"keyring:{name}", {}) == pair.private
    if pair.public != pair.private:
        assert resolve_key(f"keyring:{name}.pub", {}) == pair.public
    with pytest.raises(KeyMaterialError, match="holds a key") as refusal:
        save_in_keyring(name, SCHEMES[scheme].generate())
    assert pair.private.decode() not in refusal.value.message
    assert resolve_key(f"keyring:{name}", {}) == pair.private


class Empty(Locked):
    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002 - as above
        return None


def test_a_keyring_that_cannot_be_written_is_a_clear_error(operating_system_keyring: None) -> None:
    keyring.set_keyring(Empty())  # type: ignore[no-untyped-call]  # as above
    with pytest.raises(KeyMaterialError, match="cannot be written: KeyringLocked"):
        save_in_keyring("ghl-new", SCHEMES["ghl"].generate())


def test_a_locked_keyring_is_a_clear_error(operating_system_keyring: None) -> None:
    keyring.set_keyring(Locked())  # type: ignore[no-untyped-call]  # as above
    with pytest.raises(KeyMaterialError, match="KeyringLocked"):
        resolve_key("keyring:staging", {})


def test_without_the_optional_part_the_hint_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(KeyMaterialError) as refusal:
        resolve_key("keyring:staging", {})
    assert "ghlctl[keyring]" in refusal.value.hint


@pytest.mark.parametrize("place", ["/dev/zero", "pipe", "."])
def test_only_a_regular_file_is_read_as_a_key(tmp_path: Path, place: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(KeyMaterialError, match="regular file"):
        resolve_key(f"file:{tmp_path / place}", {})


def test_a_file_too_large_for_a_key_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "key").open("wb") as stream:
        stream.truncate(1024 * 1024)
        assert len(resolve_key(f"file:{tmp_path / 'key'}", {})) == 1024 * 1024
        stream.truncate(1024 * 1024 + 1)
    with pytest.raises(KeyMaterialError, match="larger than"):
        resolve_key(f"file:{tmp_path / 'key'}", {})


def test_a_scheme_that_signs_nothing_needs_no_key() -> None:
    assert resolve_key("none", {}) == b"none"
