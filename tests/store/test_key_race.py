import threading
from pathlib import Path

from ghlctl.signing.catalogue import SCHEMES
from ghlctl.store.key_folder import KeyFolder

AT_ONCE = 8


def test_receivers_that_start_at_once_agree_on_one_whole_test_key(tmp_path: Path) -> None:
    barrier, found = threading.Barrier(AT_ONCE), list[bytes]()

    def start() -> None:
        folder = KeyFolder(tmp_path / "keys")
        barrier.wait()
        found.append(folder.load_or_make(SCHEMES["ghl"]).private.read_bytes())

    threads = [threading.Thread(target=start) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == AT_ONCE
    assert len(set(found)) == 1
    SCHEMES["ghl"].read_signing_key(found[0])
    assert not list((tmp_path / "keys").glob("*.unfinished"))
