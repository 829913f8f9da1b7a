"""The embedded receiver, slower from outside: `python -m benchmarks.slower MS serve ...`.

Burns so many milliseconds of CPU before every request, with no switch in the product for it.
"""

import sys
import time
from typing import Any

import ghlctl.reference.serve as reference
from ghlctl.cli.app import run


def slowed(make_app: Any, burn_s: float) -> Any:
    def make(*arguments: Any, **options: Any) -> Any:
        app = make_app(*arguments, **options)

        async def slower(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                until = time.thread_time() + burn_s
                while time.thread_time() < until:
                    pass
            await app(scope, receive, send)

        return slower

    return make


if __name__ == "__main__":
    reference.make_app = slowed(reference.make_app, float(sys.argv[1]) / 1e3)
    sys.exit(run(sys.argv[2:]))
