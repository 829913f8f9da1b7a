"""Receiver snippets, run as they are printed, against `ghlctl send` and the signature audit."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Run

SERVE_WSGI = """
import socketserver, sys
from wsgiref.simple_server import WSGIServer, make_server

class Threaded(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True

def serve(app):
    server = make_server("127.0.0.1", 0, app, Threaded)
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()
"""
STARTERS = {
    "flask": "from receiver import app\nfrom serve_wsgi import serve\nserve(app)\n",
    "django": """
from django.conf import settings
settings.configure(ROOT_URLCONF="urls", ALLOWED_HOSTS=["*"], DATA_UPLOAD_MAX_MEMORY_SIZE=2**20)
import django
django.setup()
from django.core.wsgi import get_wsgi_application
from serve_wsgi import serve
serve(get_wsgi_application())
""",
    "fastapi": """
import uvicorn
from ghlctl.transport.serving import listen, serve
from receiver import app
serve(app, listen("127.0.0.1", 0, "it"), lambda port: print(f"listening on {port}", flush=True))
""",
}
NAMES = {"flask": "receiver.py", "fastapi": "receiver.py", "django": "webhooks.py"}
URLS = """
import webhooks
from django.urls import path
urlpatterns = [path("webhooks/ghl", webhooks.ghl)]
"""
REAL = os.environ.get("GHLCTL_REQUIRE_REAL") == "1"


@contextmanager
def running(command: Sequence[str], folder: Path, key: Path) -> Iterator[str]:
    environment = os.environ | {"GHL_PUBLIC_KEY_FILE": str(key), "PORT": "0"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline().decode()
            assert "listening on" in line, (folder / "log").read_text()
            yield f"http://127.0.0.1:{line.split()[-1]}/webhooks/ghl"
        finally:
            process.kill()
            process.wait(30)
            process.stdout.close()


def printed(ghlctl: Run, snippet: str) -> str:
    said = ghlctl("init", "--snippet", snippet)
    assert said.status == 0, said.err
    return said.out


def holds_under_attack(ghlctl: Run, url: str, folder: Path) -> None:
    key = f"file:{folder / '.ghlctl' / 'keys' / 'ghl-test.key'}"
    flags = ["--url", url, "--key", key]
    sent = ghlctl("send", "ContactCreate", *flags)
    assert sent.status == 0, sent.out + sent.err
    spaced = ghlctl("send", "NoteCreate", *flags, "--set", "body=a – “quoted” / 1.0")
    assert spaced.status == 0, spaced.out
    asked = ghlctl("audit", *flags, "--scope", "signature", "--format", "json")
    checks = {check["id"]: check for check in json.loads(asked.out)["checks"]}
    signature = [check for check in checks.values() if check["topic"] == "signature"]
    assert len(signature) > 3
    outcomes = [check["outcome"] for check in signature]
    assert outcomes.count("pass") > 15, [(c["id"], c["outcome"]) for c in signature]
    unasked = {"not_applicable", "not_tested", "informative", "inconclusive"}
    assert set(outcomes) - {"pass"} <= unasked, [(c["id"], c["outcome"]) for c in signature]
    # Frameworks answer OPTIONS, and redirect other spellings of the path, before any snippet runs.
    undecided = {check["id"] for check in signature if check["outcome"] == "inconclusive"}
    assert undecided <= {"SIG-23", "SIG-25"}


@pytest.mark.parametrize("snippet", sorted(STARTERS))
def test_a_python_snippet_takes_what_is_genuine_and_nothing_else(
    ghlctl: Run, tmp_path: Path, snippet: str
) -> None:
    ghlctl("keys", "generate")
    (tmp_path / NAMES[snippet]).write_text(printed(ghlctl, snippet))
    (tmp_path / "serve_wsgi.py").write_text(SERVE_WSGI)
    (tmp_path / "urls.py").write_text(URLS)
    (tmp_path / "start.py").write_text(STARTERS[snippet])
    key = tmp_path / ".ghlctl" / "keys" / "ghl-test.pub"
    with running([sys.executable, "start.py"], tmp_path, key) as url:
        holds_under_attack(ghlctl, url, tmp_path)


@pytest.mark.real
def test_the_express_snippet_takes_what_is_genuine_and_nothing_else(
    ghlctl: Run, tmp_path: Path
) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        if REAL:
            pytest.fail("GHLCTL_REQUIRE_REAL=1, and there is no node with npm here")
        pytest.skip("the Express snippet needs node and npm")
    ghlctl("keys", "generate")
    (tmp_path / "receiver.js").write_text(printed(ghlctl, "express"))
    got = subprocess.run(
        [npm, "install", "express@5", "--no-audit", "--no-fund"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if got.returncode:
        if REAL:
            pytest.fail(f"GHLCTL_REQUIRE_REAL=1, and npm cannot install Express: {got.stderr}")
        pytest.skip("npm cannot install Express here")
    key = tmp_path / ".ghlctl" / "keys" / "ghl-test.pub"
    with running([node, "receiver.js"], tmp_path, key) as url:
        holds_under_attack(ghlctl, url, tmp_path)


def test_the_laravel_snippet_verifies_the_raw_body(ghlctl: Run) -> None:
    text = printed(ghlctl, "laravel")
    assert text.startswith("<?php")
    verified = text.index("sodium_crypto_sign_verify_detached($signature, $body, $key)")
    assert text.index("getContent()") < verified < text.index("json_decode($body")


SERVE_PHP = """<?php
namespace Illuminate\\Http {
    class Request {
        function getContent() { return file_get_contents('php://input'); }
        function header($name, $default = null) {
            return $_SERVER['HTTP_' . strtoupper(str_replace('-', '_', $name))] ?? $default;
        }
    }
}
namespace Illuminate\\Support\\Facades {
    class Route {
        static function post($path, $answer) {
            http_response_code($answer(new \\Illuminate\\Http\\Request())->status);
        }
    }
}
namespace {
    class Answer { function __construct(public $status) {} }
    function response($body, $status) { return new Answer($status); }
    function config($name) { return getenv('GHL_PUBLIC_KEY_FILE'); }
    require __DIR__ . '/routes.php';
}
"""
"""What of Laravel the snippet uses, so that PHP alone can run it as it is printed."""


@pytest.mark.real
def test_the_laravel_snippet_takes_what_is_genuine_and_nothing_else(
    ghlctl: Run, tmp_path: Path
) -> None:
    php = shutil.which("php")
    if not php:
        if REAL:
            pytest.fail("GHLCTL_REQUIRE_REAL=1, and there is no php here")
        pytest.skip("the Laravel snippet needs php with sodium")
    ghlctl("keys", "generate")
    (tmp_path / "routes.php").write_text(printed(ghlctl, "laravel"))
    (tmp_path / "router.php").write_text(SERVE_PHP)
    (tmp_path / "start.py").write_text(START_PHP)
    key = tmp_path / ".ghlctl" / "keys" / "ghl-test.pub"
    with running([sys.executable, "start.py", php], tmp_path, key) as url:
        holds_under_attack(ghlctl, url, tmp_path)


START_PHP = """
import ctypes, re, subprocess, sys
def end_with_me():
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
command = [sys.argv[1], "-S", "127.0.0.1:0", "router.php"]
process = subprocess.Popen(
    command, stderr=subprocess.PIPE, text=True, preexec_fn=end_with_me
)
for line in process.stderr:
    found = re.search(r"Development Server \\(http://127.0.0.1:(\\d+)", line)
    if found:
        print(f"listening on {found[1]}", flush=True)
"""
"""PHP's own server, whose port is said as the other snippets say theirs."""


@pytest.mark.parametrize("snippet", ["express", "fastapi", "flask", "django", "laravel"])
def test_a_snippet_says_how_it_is_told_which_key_to_trust(ghlctl: Run, snippet: str) -> None:
    text = printed(ghlctl, snippet)
    assert "ghlctl keys generate" in text
    assert "GHL_PUBLIC_KEY_FILE" in text
    assert "keys public --published" in text


def test_a_snippet_writes_nothing(ghlctl: Run, tmp_path: Path) -> None:
    printed(ghlctl, "flask")
    assert list(tmp_path.iterdir()) == []
