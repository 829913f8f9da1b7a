"""What ends a command early, and what it leaves behind then."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from ghlctl.cli.output import say

if TYPE_CHECKING:
    from ghlctl.model.run import RunState
    from ghlctl.store.runs import RunFolder

AGAIN_S = 0.05
ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """A cancelled job and a closed terminal end the block as Ctrl-C does.

    A signal that the caller lets this process ignore, as nohup does, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _interrupt) for number in heard}
    unraisable, sys.unraisablehook = sys.unraisablehook, _interrupt_again
    try:
        yield
    finally:
        sys.unraisablehook = unraisable
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt_again(lost: "sys.UnraisableHookArgs") -> None:
    """An interrupt that fell where nothing can be raised, as in an import's own housekeeping.

    Without this a Ctrl-C in the first second would now and then do nothing at all.
    """
    if isinstance(lost.exc_value, KeyboardInterrupt):
        again = threading.Timer(AGAIN_S, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(lost)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def kept(folder: "RunFolder") -> Iterator[None]:
    """Say where a run is when the block ends; mark it aborted when the block did not come through.

    The same for Ctrl-C and for a refusal: what was measured before it is in the folder.
    """
    from ghlctl.model.run import RunState
    from ghlctl.store.runs import BASELINES

    through = False
    try:
        yield
        through = True
    finally:
        if not through:
            end_run(folder, RunState.ABORTED)
        what = "baseline" if folder.path.parent.name == BASELINES else "run"
        say(f"{what} {folder.id} in {_shown(folder.path)}{'' if through else ', aborted'}")


def end_run(folder: "RunFolder", state: "RunState") -> None:
    """Write how and when a run ended."""
    import msgspec

    from ghlctl.store.begin import utc_now

    run = folder.read_run()
    folder.write_run(msgspec.structs.replace(run, state=state, ended_at=utc_now()))


def _shown(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
