"""What schemes share whose header holds several signatures, each behind its version."""

from collections.abc import Callable, Sequence

from ghlctl.signing.age import judge_age
from ghlctl.signing.scheme import Rejection


def judge_several(
    pairs: Sequence[tuple[str, str]],
    version: str,
    sent_at: float,
    *,
    read: Callable[[str], bytes | None],
    holds: Callable[[bytes], bool],
    now: float,
    tolerance: float | None,
    both_ways: bool = True,
) -> Rejection | None:
    """None when one of the signatures of this version holds and its time is within `tolerance`.

    `pairs`: version and text of each. `read` gives a text's bytes, None where it is malformed:
    another signature beside it may still hold. Times are unix seconds.
    """
    own = [text for each, text in pairs if each == version]
    if not own:
        return Rejection.UNKNOWN_VERSION
    whole = [raw for raw in map(read, own) if raw is not None]
    if not whole:
        return Rejection.MALFORMED
    if not any(holds(raw) for raw in whole):
        return Rejection.MISMATCH
    return judge_age(sent_at, now=now, tolerance=tolerance, both_ways=both_ways)
