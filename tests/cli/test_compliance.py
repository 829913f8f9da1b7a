"""The commands over a receiver's record and what it keeps of a person."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from ghlctl.cli.app import run
from ghlctl.errors import ExitStatus
from ghlctl.reference.compliance.audit_file import AuditFile
from ghlctl.reference.compliance.chain import verify
from ghlctl.reference.compliance.pseudonyms import Pseudonyms, key_in
from ghlctl.reference.profile import Writes
from ghlctl.reference.sqlite_storage import prepare, sqlite_database
from ghlctl.reference.storage import Arrival

CONTACT, LOCATION, EMAIL = "c-ada", "loc-1", "Ada.Canary@example.com"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def log(state: Path) -> Path:
    file = AuditFile(state / "audit.jsonl", key_in(state).chain)
    names = Pseudonyms(key_in(state).pseudonyms)
    person = {
        "contact": names.contact(LOCATION, CONTACT),
        "email": names.email(EMAIL),
        "location": LOCATION,
        "delivery": "w-1",
    }
    file.append([{"action": "received", **person}, {"action": "received"}], 1e9, sync=True)
    file.close()
    return state / "audit.jsonl"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any, str]:
    status = run(["compliance", *words])
    out, err = capsys.readouterr()
    return status, json.loads(out) if out.startswith("{") else out, err


def test_a_log_that_holds_says_its_head(log: Path, state: Path, capsys: Any) -> None:
    status, text, _ = said(capsys, "verify", "--state", str(state))
    assert status == ExitStatus.FINE
    first, *_, last = text.splitlines()
    assert first.startswith("2 records, head 2:")
    assert last == "it holds"
    head = first.rpartition(" ")[2]
    words = ["verify", str(log), "--state", str(state), "--head", head, "--format", "json"]
    status, report, _ = said(capsys, *words)
    assert (status, report["pass"], report["kept_head_found"]) == (0, True, True)
    assert report["marks_checked"]
    log.write_bytes(log.read_bytes().splitlines(keepends=True)[0])
    status, report, _ = said(capsys, *words)
    assert (status, report["pass"], report["kept_head_found"]) == (1, False, False)


def test_an_altered_log_is_named_with_its_line(log: Path, state: Path, capsys: Any) -> None:
    log.write_bytes(log.read_bytes().replace(b"received", b"deceived", 1))
    status, text, _ = said(capsys, "verify", "--state", str(state))
    assert status == ExitStatus.FAILED
    assert text.splitlines()[-1].startswith("it does not hold: line 1 was altered")


def test_without_the_key_it_says_what_it_cannot_tell(
    log: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, text, _ = said(capsys, "verify", str(log), "--state", str(tmp_path))
    assert status == ExitStatus.FINE
    assert "without the key nobody can tell who wrote it" in text
    monkeypatch.setenv("OTHER", "another key of sixteen letters")
    status, text, _ = said(capsys, "verify", str(log), "--key", "env:OTHER")
    assert status == ExitStatus.FAILED
    assert "was not written with this key" in text
    assert not (tmp_path / "compliance.key").exists()


def test_two_files_are_one_chain_in_their_order_only(log: Path, state: Path, capsys: Any) -> None:
    file = AuditFile(log, key_in(state).chain)
    file.open()
    older = log.rename(state / "older.jsonl")
    file.append([{"action": "updated"}], 1e9, sync=True)
    file.close()
    words = ("--state", str(state))
    assert said(capsys, "verify", str(older), str(log), *words)[0] == ExitStatus.FINE
    assert said(capsys, "verify", str(log), str(older), *words)[0] == ExitStatus.FAILED
    status, text, _ = said(capsys, "verify", str(log), *words)
    assert status == ExitStatus.FINE
    assert "begins with record 3" in text


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["verify", "nowhere.jsonl"], 2, "cannot be read: No such file"),
        (["verify", os.devnull], 3, "holds no record"),
        (["verify", os.devnull, "--head", "7"], 2, "is no head of an audit log"),
        (["export"], 2, "nobody is named"),
        (["export", "--contact", "c", "--database", "mysql://h/d"], 2, "of kind mysql"),
        (["export", "--contact", "c", "--state", "nowhere"], 2, "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    words: list[str], status: int, message: str, capsys: Any
) -> None:
    found, out, error = said(capsys, *words)
    assert (found, out) == (status, "")
    assert message in error.splitlines()[0]
    assert error.splitlines()[1].startswith("hint: ")


def fill(state: Path, *bodies: dict[str, Any]) -> None:
    async def store(opening: Any) -> None:
        storage = await opening(Writes.SINGLE)
        for n, body in enumerate(bodies, 1):
            raw = json.dumps(body).encode()
            await storage.insert(Arrival(f"w-{n}", None, raw, acknowledged=True, once=True))
        await storage.close()

    with sqlite_database(state / "receiver.sqlite") as opening:
        asyncio.run(store(opening))


@pytest.mark.parametrize(
    "who",
    [["--contact", CONTACT], ["--email", EMAIL.upper()], ["--contact", CONTACT, "--email", EMAIL]],
)
def test_an_export_has_all_of_one_person_and_nothing_of_another(
    log: Path, state: Path, capsys: Any, who: list[str]
) -> None:
    mine = {"type": "ContactCreate", "id": CONTACT, "locationId": LOCATION, "email": EMAIL}
    deal = {"type": "OpportunityCreate", "contactId": CONTACT, "locationId": LOCATION}
    other = {"type": "ContactCreate", "id": "c-other", "locationId": LOCATION, "email": "b@c.de"}
    fill(state, mine, other, deal)
    status, export, _ = said(capsys, "export", "--state", str(state), *who)
    assert (status, export["found"], export["contacts"]) == (0, True, [CONTACT])
    assert [one["content"] for one in export["deliveries"]] == [mine, deal]
    assert [one["delivery"] for one in export["records"]] == ["w-1"]
    assert len(export["not_looked_into"]) == 2
    lines = log.read_bytes().splitlines(keepends=True)
    assert verify(lines, key_in(state).chain).problem is None
    record = json.loads(lines[-1])
    assert (record["action"], record["contact"]) == ("exported", export["records"][0]["contact"])
    assert b"Ada" not in lines[-1]


def test_an_export_of_nobody_known_says_so(state: Path, capsys: Any) -> None:
    prepare(state / "receiver.sqlite")
    status, export, _ = said(capsys, "export", "--state", str(state), "--contact", "nobody")
    assert (status, export["found"]) == (ExitStatus.FINE, False)
    assert not (state / "compliance.key").exists()
