"""Where samples of workers lie: each in a folder of its own, until they are one file."""

from pathlib import Path

from ghlctl.errors import StoreError
from ghlctl.load.exchange import Piece
from ghlctl.store.samples import PARTS, part_name, workers_folder

_UNFINISHED = ".arriving"


def folder_of(run: Path, worker: int) -> Path:
    """A worker's folder within a run's; as good as a run's own to a reader of samples."""
    return workers_folder(run) / f"{worker:04d}"


def unreported_folder(folder: Path) -> Path:
    """Beside a lost worker's folder: what it owned and never reported."""
    return folder.with_name(f"{folder.name}-unreported")


def land(folder: Path, piece: Piece) -> None:
    """Append one piece of a file; raise StoreError for a name that no part has, or a full disk."""
    if not part_name(piece.name):
        raise StoreError(f"a worker sent a file called {piece.name!r}", "is it a worker of ghlctl")
    parts = folder / PARTS
    unfinished = parts / f"{piece.name}{_UNFINISHED}"
    try:
        parts.mkdir(parents=True, exist_ok=True)
        with unfinished.open("ab") as stream:
            stream.write(piece.content)
        if piece.last:
            unfinished.replace(parts / piece.name)
    except OSError as fault:
        raise StoreError(
            f"samples of a worker cannot be written: {fault.strerror}", "free some space"
        ) from None
