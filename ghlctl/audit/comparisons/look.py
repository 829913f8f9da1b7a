"""All files of a source together: a function of one may make the MAC that another compares."""

from collections.abc import Callable, Iterable

from ghlctl.audit.comparisons.curly import in_curly, makers_in_curly
from ghlctl.audit.comparisons.place import Found, has_to_do_with_signing, is_test
from ghlctl.audit.comparisons.python import in_python, makers_in_python
from ghlctl.audit.steps import SourceFile

_Makers = Callable[[str, str, frozenset[str]], frozenset[str]]
_DEPTH = 3  # functions that return what another returns


def look(files: Iterable[SourceFile]) -> Found:
    """Comparisons of signatures, in the order of the files; tests are left out."""
    own = [one for one in files if not is_test(one.path)]
    python = [one for one in own if one.path.endswith(".py")]
    curly = [one for one in own if not one.path.endswith(".py")]
    makers = _makers(python, lambda _path, text, known: makers_in_python(text, known))
    others = _makers(curly, makers_in_curly)
    found = Found()
    for one in own:
        if not _concerns(one, makers | others):
            continue
        if one.path.endswith(".py"):
            found += in_python(one.path, one.text, makers)
        else:
            found += in_curly(one.path, one.text, others)
    return found


def _concerns(file: SourceFile, makers: frozenset[str]) -> bool:
    """Most files have nothing to do with it, and need not be read closely."""
    return has_to_do_with_signing(file.text) or any(name in file.text for name in makers)


def _makers(files: Iterable[SourceFile], made_in: _Makers) -> frozenset[str]:
    known: frozenset[str] = frozenset()
    texts = list(files)
    for _ in range(_DEPTH):
        asked = (one for one in texts if _concerns(one, known))
        more = known.union(*(made_in(one.path, one.text, known) for one in asked))
        if more == known:
            break
        known = more
    return known
