import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ghlctl.errors import UsageError
from ghlctl.store.health_token import FILE, health_headers, health_token


def test_a_token_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda _: health_token(folder), range(8)))
    assert tokens == {health_token(folder)}
    assert len(tokens.pop()) >= 32
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert list(folder.iterdir()) == [folder / FILE]


def test_whoever_may_read_the_folder_knows_what_to_send(tmp_path: Path) -> None:
    assert health_headers(tmp_path) == ()
    token = health_token(tmp_path)
    assert health_headers(tmp_path) == (("Authorization", f"Bearer {token}"),)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be kept"):
        health_token(tmp_path / "file")
