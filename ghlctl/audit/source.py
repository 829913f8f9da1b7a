"""The receiver's source as text, for checks that only look: bounded, nothing is executed."""

from collections.abc import Iterator
from pathlib import Path

from ghlctl.audit.steps import Source, SourceFile
from ghlctl.errors import UsageError

_ENDINGS = frozenset({".py", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".mts", ".php"})
_NOT_OWN = frozenset(
    {"node_modules", "vendor", "site-packages", "dist", "build", "__pycache__", "venv", "env"}
)
MOST_FILES = 2000
MOST_BYTES = 1024 * 1024
WHOLE_BYTES = 32 * 1024 * 1024


def read_sources(folder: Path) -> Source:
    """Files in the order of their names; links and folders of others' code are left out."""
    if not folder.is_dir():
        raise UsageError(f"the source {folder} is no folder", "name one with --source")
    files: list[SourceFile] = []
    whole = 0
    for path in _paths(folder):
        if len(files) >= MOST_FILES or whole >= WHOLE_BYTES:
            return Source(tuple(files), cut=True)
        content = _content(path)
        whole += len(content)
        files.append(
            SourceFile(path.relative_to(folder).as_posix(), content.decode("utf-8", "replace"))
        )
    return Source(tuple(files))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MOST_BYTES)
    except OSError:
        return b""


def _paths(folder: Path) -> Iterator[Path]:
    try:
        inside = sorted(folder.iterdir())
    except OSError:
        return
    for path in inside:
        if path.is_symlink() or path.name.startswith("."):
            continue
        if path.is_dir():
            if path.name not in _NOT_OWN:
                yield from _paths(path)
        elif path.suffix in _ENDINGS:
            yield path
