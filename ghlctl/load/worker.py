"""A worker's process: `python -m ghlctl.load.worker`, its order a line on standard input.

It joins one master, sends its share of one plan, and ends: when the master has all of it, when the
master is gone, on SIGINT and SIGTERM, and when its parent is gone.
"""

import logging
import sys

from ghlctl.errors import GhlctlError
from ghlctl.load import messages, parent
from ghlctl.load.bell import Bell, rung_by_signals
from ghlctl.load.control import ToCautions
from ghlctl.load.exchange import Join, to_order
from ghlctl.load.messages import FromChild, Parted
from ghlctl.load.tie import introduce, joined
from ghlctl.load.turn import Heard, Tell, Turn, take_part
from ghlctl.model.caution import Caution


def main() -> int:
    bell = rung_by_signals()
    parent.keep_stdout_clean()
    line = parent.first_line()
    if not line:
        return 1
    order = to_order(line)
    say = _quiet if order.token else parent.say  # a master's own worker speaks to it by message
    try:
        return _serve(order, bell, say)
    except GhlctlError as fault:
        say(messages.refusal(fault))
        return 1


def _quiet(_message: FromChild) -> None:
    return


def _serve(order: Join, bell: Bell, say: Tell) -> int:
    warnings: list[Caution] = []
    logging.getLogger().addHandler(ToCautions(lambda text: warnings.append(_warning(text))))
    with joined(order, bell) as tie:
        introduce(tie, order)
        whole = take_part(Turn(tie, Heard(bell), bell, warnings, say))
    say(Parted(whole))
    return 0


def _warning(text: str) -> Caution:
    return Caution("locust", text, "a warning of the engine's control plane")


if __name__ == "__main__":
    sys.exit(main())
