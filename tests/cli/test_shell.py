import subprocess
import sys

import pytest

HEAVY = ("locust", "gevent", "pandas", "numpy", "pyarrow", "jinja2", "httpx", "aiohttp", "sklearn")
HEAVY_TOO = ("starlette", "uvicorn", "faker", "cryptography", "msgspec", "yaml")


def modules_after(*arguments: str) -> set[str]:
    """Top-level modules that a command line has loaded when it ends."""
    program = (
        "import sys; from ghlctl.__main__ import main; status = main(sys.argv[1:]);"
        "print(' '.join({name.partition('.')[0] for name in sys.modules}), file=sys.stderr);"
        "sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stderr.split())


def test_help_loads_none_of_the_heavy_libraries() -> None:
    assert modules_after("--help").isdisjoint({*HEAVY, *HEAVY_TOO})


@pytest.mark.parametrize("command", ["loadtest", "audit", "compare", "report", "serve", "demo"])
def test_a_commands_help_loads_none_of_them_either(command: str) -> None:
    assert modules_after(command, "--help").isdisjoint({*HEAVY, *HEAVY_TOO})


def test_version_loads_not_even_the_shell() -> None:
    assert modules_after("--version").isdisjoint({*HEAVY, *HEAVY_TOO, "typer", "rich"})
