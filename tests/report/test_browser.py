"""The page in a real browser: it draws, and it has nothing to complain about."""

import os
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from ghlctl.report import html
from ghlctl.report.document import Document

pytestmark = pytest.mark.real

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
)


@pytest.fixture
def browser() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return found
    if os.environ.get("GHLCTL_REQUIRE_REAL") == "1":
        pytest.fail("GHLCTL_REQUIRE_REAL=1, and there is no chromium")
    pytest.skip("there is no chromium on this machine")


def photograph(browser: str, page: str, folder: Path, width: int, *flags: str) -> tuple[str, Path]:
    """What the browser logged, and the picture it took."""
    source, picture = folder / "report.html", folder / "report.png"
    source.write_text(page, encoding="utf-8")
    command = [
        browser,
        *_FLAGS,
        *flags,
        f"--user-data-dir={folder / 'profile'}",
        f"--screenshot={picture}",
        f"--window-size={width},3000",
        source.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stderr, picture


def complaints(log: str) -> list[str]:
    return [line for line in log.splitlines() if re.search(r"CONSOLE|Refused to|ERR_", line)]


def pixels(picture: Path) -> tuple[int, int, bytes]:
    """Width, height and the filtered rows of a PNG: enough to tell a drawing from a blank."""
    whole = picture.read_bytes()
    assert whole.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", whole[16:24])
    place, packed = 8, b""
    while place < len(whole):
        (length,) = struct.unpack(">I", whole[place : place + 4])
        if whole[place + 4 : place + 8] == b"IDAT":
            packed += whole[place + 8 : place + 8 + length]
        place += length + 12
    return width, height, zlib.decompress(packed)


@pytest.mark.parametrize("flags", [(), ("--blink-settings=preferredColorScheme=0",)])
def test_the_page_draws_without_a_complaint(
    browser: str, document: Document, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    log, picture = photograph(browser, html.render(document), tmp_path, 1200, *flags)
    assert complaints(log) == []
    width, height, rows = pixels(picture)
    assert (width, height) == (1200, 3000)
    assert sum(byte != 0 for byte in rows) > 200_000
    assert picture.stat().st_size > 100_000


def test_light_and_dark_are_two_pictures(browser: str, document: Document, tmp_path: Path) -> None:
    page = html.render(document)
    _, light = photograph(browser, page, tmp_path, 600)
    bright = light.read_bytes()
    _, dark = photograph(browser, page, tmp_path, 600, "--blink-settings=preferredColorScheme=0")
    assert bright != dark.read_bytes()
