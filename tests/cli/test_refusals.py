"""Wrong usage of every kind: one line of error, a hint, the right exit status, no traceback."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ghlctl.store.runs import RunStore
from tests.cli.conftest import Run, Said, status_for

UNREACHABLE = "http://127.0.0.1:9/webhooks/ghl"
SECRET = "correct-horse-battery-staple"


def refused(said: Said, status: int) -> str:
    """The error and hint of a proper refusal."""
    assert said.status == status, said.err
    assert len(said.errors) == 1, said.err
    assert len(said.hints) == 1, said.err
    assert "Traceback" not in said.err + said.out
    return said.errors[0] + "\n" + said.hints[0]


def scenario(tmp_path: Path, text: str) -> str:
    path = tmp_path / "scenario.yaml"
    path.write_text(text)
    return str(path)


PLAIN = """\
name: plain
provider: ghl
events: {ContactCreate: 1}
arrivals: [{constant: 20/s, for: 1s}]
timeout: 1s
"""


def test_an_unknown_key_in_a_scenario_is_named_with_line_and_suggestion(
    ghlctl: Run, tmp_path: Path
) -> None:
    path = scenario(tmp_path, PLAIN + "warmpu: 5s\n")
    words = refused(ghlctl("loadtest", "--scenario", path, "--profile", "optimized"), 2)
    assert "scenario.yaml:6" in words
    assert "warmup" in words


@pytest.mark.parametrize(
    "text",
    ["", "- a list", "name: [", "name: x\nname: y", "\x00", PLAIN.replace("20/s", "-5/s")],
)
def test_a_scenario_that_is_none_is_refused(ghlctl: Run, tmp_path: Path, text: str) -> None:
    path = scenario(tmp_path, text)
    refused(ghlctl("loadtest", "--scenario", path, "--profile", "optimized"), 2)


def test_a_scenario_file_that_is_missing_or_no_text_is_refused(ghlctl: Run, tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    for name in ("missing.yaml", "binary.yaml", "."):
        refused(ghlctl("loadtest", "--scenario", name, "--profile", "optimized"), 2)


def test_a_missing_key_file_is_refused_before_anything_is_sent(ghlctl: Run) -> None:
    said = ghlctl("loadtest", "--url", UNREACHABLE, "--key", "file:missing.pem")
    refused(said, 2)


def test_no_key_and_no_receiver_are_refused(ghlctl: Run) -> None:
    refused(ghlctl("loadtest", "--url", UNREACHABLE), 2)
    refused(ghlctl("loadtest"), 2)
    refused(ghlctl("audit"), 2)


@pytest.mark.parametrize("command", ["loadtest", "audit"])
def test_an_unreachable_receiver_could_not_be_measured(ghlctl: Run, command: str) -> None:
    key = {"KEY": SECRET}
    flags = ["--url", UNREACHABLE, "--scheme", "hmac-timestamp", "--key", "env:KEY"]
    said = ghlctl(command, *flags, env=key)
    refused(said, 3)
    assert SECRET not in said.out + said.err


def test_an_unreachable_receiver_is_not_healthy(ghlctl: Run) -> None:
    said = ghlctl("health", "--url", UNREACHABLE)
    assert said.status == 3
    assert "fail" in said.out
    assert "Traceback" not in said.err


def test_a_public_host_needs_permission(ghlctl: Run) -> None:
    for command in ("loadtest", "audit", "send"):
        arguments = [command, *(["ContactCreate"] if command == "send" else [])]
        said = ghlctl(*arguments, "--url", "http://192.0.2.1/", "--key", "env:K", env={"K": "x"})
        assert "--authorized" in refused(said, 2)


def test_a_port_in_use_is_named(ghlctl: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert port in refused(ghlctl("upstream", "--port", port), 2)
        assert port in refused(
            ghlctl("serve", "--port", port, "--upstream", "http://127.0.0.1:9"), 2
        )


@pytest.mark.parametrize(
    "arguments",
    [
        ("lodtest",),
        ("loadtest", "--rat", "5"),
        ("loadtest", "--rate", "fast"),
        ("loadtest", "--rate", "5", "--concurrency", "2", "--profile", "optimized"),
        ("loadtest", "--threshold", "response_tme p95 < 5ms", "--profile", "optimized"),
        ("loadtest", "--profile", "optimzed"),
        ("loadtest", "--profile", "optimized", "--set", "cache=memry"),
        ("loadtest", "--scheme", "ghl2", "--url", UNREACHABLE, "--key", "env:K"),
        ("loadtest", "--url", "not a url", "--key", "env:K"),
        ("loadtest", "--url", UNREACHABLE, "--key", "hunter2"),
        ("loadtest", "--url", UNREACHABLE, "--header", "no colon", "--key", "env:K"),
        ("report", "nothing"),
        ("report", "latest", "--format", "pdf"),
        ("compare", "a", "b"),
        ("gate", "a", "--threshold", "error_rate < 1%"),
        ("baseline", "show", "nothing"),
        ("baseline", "../escape", "--profile", "optimized"),
        ("baseline", "delete", ""),
        ("runs", "delete", ""),
        ("runs", "show", ""),
        ("report", ""),
        ("audit", "--key", "file:/dev/zero", "--url", UNREACHABLE),
        ("audit", "explain", "SIG-99"),
        ("audit", "--scope", "signatur", "--profile", "optimized"),
        ("events", "ContactCreat"),
        ("keys", "public", "--scheme", "ghl"),
        ("init", "/proc/nowhere"),
        ("schema", "senario"),
    ],
)
def test_wrong_usage_is_refused_in_one_line(ghlctl: Run, arguments: tuple[str, ...]) -> None:
    refused(ghlctl(*arguments, env={"K": SECRET}), 2)


@pytest.mark.parametrize("flag", ["--url", "--key", "--upstream", "--scheme", "--provider"])
def test_an_empty_flag_never_becomes_what_the_config_says(
    ghlctl: Run, tmp_path: Path, flag: str
) -> None:
    config = f"receiver: {{url: '{UNREACHABLE}', key: 'env:K', upstream: '{UNREACHABLE}'}}"
    (tmp_path / "ghlctl.yaml").write_text(config)
    for command in ("loadtest", "audit", "health"):
        words = refused(ghlctl(command, flag, "", env={"K": SECRET}), 2)
        assert f"{flag} is empty" in words


@pytest.mark.parametrize("flag", ["--config", "--reports", "--scenario"])
def test_an_empty_file_name_is_refused(ghlctl: Run, flag: str) -> None:
    refused(ghlctl("loadtest", "--profile", "optimized", flag, ""), 2)


@pytest.mark.parametrize("command", [("loadtest",), ("audit",), ("baseline", "before")])
def test_an_output_that_cannot_be_written_is_refused_before_anything_is_measured(
    ghlctl: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    for output in ("nodir/x.json", ".", ""):
        refused(ghlctl(*command, "--profile", "optimized", "--output", output), 2)
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize("output", ["--format", "-h"])
def test_a_closed_stdout_is_no_traceback(tmp_path: Path, output: str) -> None:
    command = [sys.executable, "-m", "ghlctl", "events", output]
    command += ["json"] if output == "--format" else []
    closed = ["sh", "-c", '"$@" >&-', "sh", *command]
    done = subprocess.run(closed, cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_stdout_that_cannot_encode_shows_question_marks(ghlctl: Run) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for command in (("audit", "--help"), ("init", "--snippet", "django"), ("audit", "list")):
        said = ghlctl(*command, env=ascii_only)
        assert said.status == 0, said.err
    text = ghlctl("audit", "explain", "SIG-03", env=ascii_only)
    assert "Traceback" not in text.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("events", "--format", "xml"), "unknown format 'xml'; known: text, json"),
        (("init", "--snippet", "rails"), "unknown snippet 'rails'; known: express, fastapi"),
    ],
)
def test_an_unknown_choice_is_said_in_plain_words(
    ghlctl: Run, arguments: tuple[str, ...], words: str
) -> None:
    assert words in refused(ghlctl(*arguments), 2)


def test_an_unknown_key_in_the_config_is_named_with_its_line(ghlctl: Run, tmp_path: Path) -> None:
    (tmp_path / "ghlctl.yaml").write_text("receiver:\n  ulr: http://127.0.0.1:1/\n")
    words = refused(ghlctl("health"), 2)
    assert "ghlctl.yaml:2" in words
    assert "url" in words


@contextmanager
def raw_receiver(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A receiver that does what it likes with each connection; loopback only."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)

        def serve() -> None:
            while not stop.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                except OSError:
                    return
                threading.Thread(target=_one, args=(connection, behave), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/webhooks/ghl"
        finally:
            stop.set()
            thread.join()


def _one(connection: socket.socket, behave: Callable[[socket.socket], None]) -> None:
    with connection:
        connection.settimeout(3)
        try:
            connection.recv(65536)
            behave(connection)
        except OSError:
            return


def garbage(connection: socket.socket) -> None:
    connection.sendall(b"\x00\xff\x1b[31m<script>alert(1)</script>\r\n" * 20)


def never(connection: socket.socket) -> None:
    connection.recv(1)


def hangs_up(connection: socket.socket) -> None:
    connection.close()


@pytest.mark.parametrize("behave", [garbage, never])
def test_a_receiver_that_answers_garbage_or_never_fails_the_run_and_nothing_is_lost(
    ghlctl: Run, tmp_path: Path, behave: Callable[[socket.socket], None]
) -> None:
    path = scenario(tmp_path, PLAIN + 'thresholds: ["error_rate < 1%"]\n')
    with raw_receiver(behave) as url:
        flags = ["--url", url, "--scheme", "hmac-timestamp", "--key", "env:KEY"]
        said = ghlctl("loadtest", "--scenario", path, *flags, env={"KEY": SECRET})
    assert "Traceback" not in said.err
    assert "\x1b" not in said.out
    (run,) = RunStore(tmp_path / "reports").runs()
    summary = run.read_load()
    assert summary is not None
    assert said.status == status_for(summary, passed=False), said.err
    assert [each.passed for each in summary.thresholds] == [False]
    assert summary.planned == summary.sent + summary.dropped == 20
    assert summary.sent == summary.errors == sum(summary.errors_by_kind.values()) > 0


@pytest.mark.parametrize("behave", [garbage, never])
def test_an_audit_of_a_receiver_that_answers_garbage_or_never_gives_no_score(
    ghlctl: Run, behave: Callable[[socket.socket], None]
) -> None:
    with raw_receiver(behave) as url:
        flags = ["--url", url, "--scheme", "hmac-timestamp", "--key", "env:KEY"]
        said = ghlctl("audit", "--scope", "SIG-01", *flags, env={"KEY": SECRET})
    assert said.status == 3, said.err
    assert "Traceback" not in said.err
    assert "\x1b" not in said.out


@pytest.mark.parametrize("behave", [garbage, hangs_up])
def test_send_says_that_no_reply_came(ghlctl: Run, behave: Callable[[socket.socket], None]) -> None:
    with raw_receiver(behave) as url:
        flags = ["--url", url, "--scheme", "hmac-timestamp", "--key", "env:KEY"]
        said = ghlctl("send", "ContactCreate", "--count", "2", *flags, env={"KEY": SECRET})
    assert "gave no reply to 2" in refused(said, 3)
    assert len(said.out.splitlines()) == 2


def test_send_to_where_nobody_listens_is_one_error(ghlctl: Run) -> None:
    flags = ["--url", UNREACHABLE, "--scheme", "hmac-timestamp", "--key", "env:KEY"]
    said = ghlctl("send", "ContactCreate", *flags, env={"KEY": SECRET})
    assert "gave no reply" in refused(said, 3)
    assert "connect" in said.out


def test_no_secret_is_left_in_what_a_run_writes(ghlctl: Run, tmp_path: Path) -> None:
    path = scenario(tmp_path, PLAIN)
    with raw_receiver(garbage) as url:
        flags = ["--url", url, "--scheme", "hmac-timestamp", "--key", "env:KEY"]
        header = ["--header", f"X-Token: {SECRET}2"]
        ghlctl("loadtest", "--scenario", path, *flags, *header, env={"KEY": SECRET})
    for file in (tmp_path / "reports").rglob("*"):
        if file.is_file():
            assert SECRET.encode() not in file.read_bytes(), file


def test_an_aborting_threshold_stops_the_run_early_and_fails_it(
    ghlctl: Run, tmp_path: Path
) -> None:
    bound = 'thresholds: [{expr: "error_rate < 20%", abort: true}]\n'
    path = scenario(tmp_path, PLAIN.replace("for: 1s", "for: 60s") + bound)
    with raw_receiver(garbage) as url:
        flags = ["--url", url, "--scheme", "hmac-timestamp", "--key", "env:KEY"]
        said = ghlctl("loadtest", "--scenario", path, *flags, env={"KEY": SECRET})
    assert said.status == 1, said.err
    (run,) = RunStore(tmp_path / "reports").runs()
    summary = run.read_load()
    assert summary is not None
    assert summary.state == "aborted"
    assert summary.sent < 600
    assert "stopped" in {caution.code for caution in summary.cautions}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--cache", "memcached://h"], "cannot use a cache of kind 'memcached'"),
        (["--cache", "redis://h", "--set", "cache=memory"], "drop one of them"),
        (["--set", "cache=redis"], "add --cache redis://"),
        (["--database", "mysql://h/x"], "cannot use a database of kind mysql"),
        (["--database", "env:NO_SUCH_DATABASE"], "NO_SUCH_DATABASE holds no"),
        (["--database", f"postgresql://ada:{SECRET}@127.0.0.1:9/x"], "postgresql://127.0.0.1:9/x"),
        (["--cache", f"redis://:{SECRET}@h:none/0"], "is no URL of a Redis"),
        (["--set", "workers=0"], "a whole number from 1 to 1024"),
    ],
)
def test_a_store_that_serve_cannot_use_is_refused_without_its_password(
    ghlctl: Run, tmp_path: Path, arguments: list[str], words: str
) -> None:
    place = ["--port", "0", "--upstream", "http://127.0.0.1:9", "--state", str(tmp_path)]
    said = refused(ghlctl("serve", *place, *arguments), 2)
    assert words in said
    assert SECRET not in said


def test_a_full_disk_behind_stdout_is_said_in_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ghlctl", "audit", "list"],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == (
        "error: cannot write to stdout: No space left on device\nhint: the result is not complete\n"
    )
