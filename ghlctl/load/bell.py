"""What ends a run early: rung from a signal handler, by a person's click, or by the master."""

import os
import signal


class Bell:
    """Wakes the wire loop to stop it; may be rung from a signal handler, and before it runs."""

    def __init__(self) -> None:
        self.fd, self._ring = os.pipe()
        os.set_blocking(self._ring, False)
        self.rung = False

    def ring(self) -> None:
        if not self.rung:
            self.rung = True
            os.write(self._ring, b"!")


def rung_by_signals() -> Bell:
    """One that SIGINT and SIGTERM ring."""
    bell = Bell()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: bell.ring())
    return bell
