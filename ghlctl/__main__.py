"""The way in: `--version` answers before anything else is loaded."""

import sys
from collections.abc import Sequence

from ghlctl import __version__


def main(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        print(f"ghlctl {__version__}")  # noqa: T201 - says nothing, and no more, to a closed stdout
        return 0
    from ghlctl.cli.app import run  # noqa: PLC0415 - the shell loads only when it is needed

    return run(arguments or ["--help"])


if __name__ == "__main__":
    sys.exit(main())
