"""From a key to a captured, verified, replayed delivery, as a user goes through it."""

import json
import re
import stat
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ghlctl.cli.processes import Started, started
from ghlctl.errors import UsageError
from tests.cli.conftest import Run, receiver_flags

URL = ("--url", "http://127.0.0.1:9/", "--key", "env:K")
EMAIL = "ada.lovelace@example.com"


@contextmanager
def listener(out: Path, *more: str) -> Iterator[str]:
    with started(["listen", "--port", "0", "--out", str(out), *more]) as process:
        yield str(process.said["url"])


def captured(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.read_bytes().splitlines()]


def post(url: str, body: bytes, headers: dict[str, str] | None = None) -> int:
    request = urllib.request.Request(url, body, headers or {})  # noqa: S310 - our own listener
    with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310 - as above
        return int(reply.status)


def key_of(ghlctl: Run, *more: str) -> str:
    said = ghlctl("keys", "generate", *more)
    assert said.status == 0, said.err
    found = re.search(r"--key (file:\S+\.key)", said.out)
    assert found
    return found[1]


def test_what_is_sent_is_captured_holds_and_is_sent_again(ghlctl: Run, tmp_path: Path) -> None:
    out, key = tmp_path / "seen.jsonl", key_of(ghlctl)
    with listener(out) as url:
        flags = ["--url", url + "/webhooks/ghl", "--key", key]
        sent = ghlctl("send", "ContactCreate", *flags, "--set", f"email={EMAIL}")
        assert sent.status == 0, sent.err
        again = ghlctl("send", "--replay", str(out), *flags)
        assert again.status == 0, again.err
    first, second = captured(out)
    assert EMAIL in str(first["body"])
    assert (
        json.loads(str(first["body"]))["webhookId"] != json.loads(str(second["body"]))["webhookId"]
    )
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    held = ghlctl("verify", str(out), "--key", key, "--format", "json")
    assert held.status == 0, held.out
    assert [one["cause"] for one in json.loads(held.out)["deliveries"]] == ["holds", "holds"]


def test_verify_names_the_cause_and_fails(ghlctl: Run, tmp_path: Path) -> None:
    key = key_of(ghlctl)
    shown = ghlctl("send", "NoteCreate", "--url", "http://127.0.0.1:9/", "--key", key, "--show")
    head, _, body = shown.out.partition("\n\n")
    exact, spaced = tmp_path / "exact", tmp_path / "spaced"
    exact.write_text(f"{head}\n\n{body.strip()}")
    spaced.write_text(f"{head}\n\n{json.dumps(json.loads(body), ensure_ascii=False)}")
    assert ghlctl("verify", str(exact), "--key", key).status == 0
    told = ghlctl("verify", str(spaced), "--key", key)
    assert told.status == 1
    assert "reserialised" in told.out
    assert "hint:" in told.out
    other = key_of(ghlctl, "--name", "other")
    wrong = ghlctl("verify", str(exact), "--key", other)
    assert "wrong-key" in wrong.out
    assert "ghl-test.pub" in wrong.out


def test_a_cut_signature_is_proven_by_the_private_half_beside_the_public_one(
    ghlctl: Run, tmp_path: Path
) -> None:
    key = key_of(ghlctl)
    flags = ["--url", "http://127.0.0.1:9/", "--key", key, "--show", "--format", "json"]
    (one,) = json.loads(ghlctl("send", "NoteCreate", *flags).out)["deliveries"]
    signature = dict(one["headers"])["X-GHL-Signature"]
    (tmp_path / "cut").write_text(f"X-GHL-Signature: {signature[:64]}\n\n{one['body']}")
    said = ghlctl("verify", "cut", "--key", key.replace(".key", ".pub"))
    assert said.status == 1
    assert "truncated-signature\n" in said.out
    assert "64 of the 88" in " ".join(said.out.split())


def test_what_is_shown_can_be_verified_as_it_is(ghlctl: Run, tmp_path: Path) -> None:
    key = key_of(ghlctl)
    flags = ["--url", "http://127.0.0.1:9/", "--key", key, "--show", "--output", "one"]
    assert ghlctl("send", "ContactCreate", *flags).status == 0
    assert ghlctl("verify", "one", "--key", key).status == 0


def test_what_came_back_is_told_and_a_refusal_is_no_success(ghlctl: Run, receiver: Started) -> None:
    flags = receiver_flags(receiver)
    elsewhere = [*flags, "--url", receiver.said["url"] + "/nowhere"]
    said = ghlctl("send", "ContactCreate", *elsewhere, "--count", "2", "--format", "json")
    assert said.status == 3
    told = json.loads(said.out)
    assert (told["sent"], told["acknowledged"], told["pass"]) == (2, 0, False)
    assert {one["status"] for one in told["deliveries"]} == {404}
    assert len(said.errors) == len(said.hints) == 1
    text = ghlctl("send", "ContactCreate", *elsewhere)
    assert "not_found" in text.out


def test_effects_upstream_are_told_where_the_upstream_is_named(
    ghlctl: Run, receiver: Started
) -> None:
    flags = [*receiver_flags(receiver), "--upstream", receiver.said["upstream"]]
    said = ghlctl("send", "ContactCreate", *flags, "--format", "json")
    assert said.status == 0, said.err
    (one,) = json.loads(said.out)["deliveries"]
    assert one["effects"], said.out
    assert "effect" in ghlctl("send", "ContactCreate", *flags).out


def test_a_challenge_is_put_as_the_provider_puts_it(ghlctl: Run, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("v3rify\n")
    flags = ["--scheme", "meta", "--verify-token", f"file:{tmp_path / 'token'}"]
    with listener(tmp_path / "seen.jsonl", *flags) as url:
        said = ghlctl("send", "--challenge", "--url", url + "/hook", *flags, "--format", "json")
    assert said.status == 0, said.out + said.err
    outcomes = [check["outcome"] for check in json.loads(said.out)["checks"]]
    assert outcomes == ["pass", "pass"]
    assert "v3rify" not in said.out + said.err


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "{", "007"])
def test_what_is_no_json_is_set_as_text(ghlctl: Run, text: str) -> None:
    key = key_of(ghlctl)
    flags = ["--url", "http://127.0.0.1:9/", "--key", key, "--show", "--format", "json"]
    said = ghlctl("send", "ContactCreate", *flags, "--set", f"email={text}")
    (one,) = json.loads(said.out)["deliveries"]
    assert json.loads(one["body"])["email"] == text


def test_verify_without_a_key_holds_it_against_highlevel_s_own(ghlctl: Run, tmp_path: Path) -> None:
    (tmp_path / "one").write_text("X-GHL-Signature: N/A\n\n{}")
    said = ghlctl("verify", "one")
    assert said.status == 1
    assert "unsigned" in said.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "absent"),
        ("verify", "."),
        ("verify", "one", "--scheme", "none"),
        ("verify", "one", "--scheme", "stripe"),
        ("verify", "one", "--scheme", "square", "--key", "env:K"),
        ("verify", "one", "--key", "env:K"),
        ("verify", "empty"),
        ("send",),
        ("send", "ContactCreate", "--sequence", "new-lead", "--url", "http://127.0.0.1:9/"),
        ("send", "--sequence", "nwe-lead", "--url", "http://127.0.0.1:9/", "--key", "env:PEM"),
        ("send", "ContactCreate", "--out-of-order", "1", "--url", "http://127.0.0.1:9/"),
        ("send", "--replay", "one", "--set", "a=1", "--url", "http://127.0.0.1:9/"),
        ("send", "--replay", "one", "--seed", "1", "--url", "http://127.0.0.1:9/"),
        ("send", "--challenge", "--scheme", "zoom", "--show", *URL),
        ("send", "ContactCreate", "--verify-token", "env:K", *URL),
        ("send", "--challenge", "--count", "2", "--url", "http://127.0.0.1:9/"),
        ("send", "--challenge", "--url", "http://127.0.0.1:9/"),
        ("send", "ContactCreate", "--set", "a..b=1", "--url", "http://127.0.0.1:9/"),
        ("listen", "--key", "env:K"),
        ("listen", "--scheme", "zoom"),
        ("listen", "--scheme", "meta"),
        ("listen", "--scheme", "ghl", "--key", "env:K"),
        ("send", "--replay", "absent", "--url", "http://127.0.0.1:9/", "--key", "env:PEM"),
        ("listen", "--out", "-"),
        ("listen", "--out", "no/such/folder/x"),
        ("listen", "--forward", "http://192.0.2.1/"),
        ("listen", "--forward", "nowhere"),
        ("events", "--family", "invoces"),
        ("events", "InvoicePayed"),
        ("events", "INSTALL"),
        ("events", "ContactCreate", "--family", "contact"),
        ("events", "--sequences", "--provider", "ghl-workflow"),
        ("audit", "--serve-upstream", "0", "--profile", "optimized"),
        ("loadtest", "--serve-upstream", "0", "--upstream", "http://127.0.0.1:9", *URL),
        ("keys", "rotate"),
        ("keys", "rotate", "--overlap", "soon"),
        ("keys", "generate", "--name", "../x"),
        ("keys", "public", "--published", "--scheme", "stripe"),
        ("init", "--snippet", "rails"),
    ],
)
def test_wrong_usage_is_one_error_and_one_hint(
    ghlctl: Run, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "one").write_text("x-square-hmacsha256-signature: abc\n\n{}")
    (tmp_path / "empty").write_text("")
    pem = "no key"
    said = ghlctl(*arguments, env={"K": "short-secret", "PEM": pem})
    assert said.status == 2, said.err
    assert len(said.errors) == len(said.hints) == 1, said.err
    assert "Traceback" not in said.err
    assert "short-secret" not in said.err + said.out


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe\x00", b"a\r\nb", "\ufeffé".encode(), b"{}" * 500_000, b"1" * 10_000_000],
    ids=["empty", "bytes", "crlf", "bom", "megabyte", "ten megabytes"],
)
def test_any_body_is_captured_to_the_byte(tmp_path: Path, body: bytes) -> None:
    import base64  # noqa: PLC0415 - needed here alone

    out = tmp_path / "seen.jsonl"
    with listener(out) as url:
        assert post(url + "/any/path?x=1", body, {"X-One": "é".encode().decode("latin-1")}) == 200
    (one,) = captured(out)
    text, encoded = one.get("body"), one.get("body_base64")
    raw = str(text).encode() if text is not None else base64.b64decode(str(encoded or ""))
    assert raw == body
    assert str(one["url"]).endswith("/any/path?x=1")


def test_both_sides_are_shown_and_people_are_masked(
    ghlctl: Run, receiver: Started, tmp_path: Path
) -> None:
    """The receiver's answer reaches the sender, the file has all, the screen has no person."""
    import subprocess  # noqa: PLC0415 - the one test that reads a running listener
    import sys  # noqa: PLC0415 - as above

    out = tmp_path / "seen.jsonl"
    command = [sys.executable, "-m", "ghlctl", "listen", "--port", "0", "--out", str(out)]
    command += ["--forward", receiver.said["url"], "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        url = json.loads(it.stdout.readline())["url"]
        flags = [*receiver_flags(receiver), "--url", url]
        good = ghlctl("send", "ContactCreate", *flags, "--set", f"email={EMAIL}")
        bad = post_status(url, b'{"type":"ContactCreate"}')
        it.terminate()
        _, told = it.communicate(timeout=60)
    assert (good.status, bad, it.returncode) == (0, 401, 0), told
    first, second = captured(out)
    assert EMAIL in str(first["body"])
    assert (status_of(first), status_of(second)) == (200, 401)
    assert "ContactCreate" in told
    assert "out  200" in told
    assert "out  401" in told
    assert EMAIL not in told
    assert "lovelace" not in told.lower()


def post_status(url: str, body: bytes) -> int:
    import urllib.error  # noqa: PLC0415 - needed here alone

    try:
        return post(url, body, {"Content-Type": "application/json"})
    except urllib.error.HTTPError as error:
        return error.code


def status_of(line: dict[str, object]) -> object:
    forwarded = line["forwarded"]
    assert isinstance(forwarded, dict)
    return forwarded["status"]


def test_a_receiver_that_is_not_there_is_answered_502_and_captured(tmp_path: Path) -> None:
    out = tmp_path / "seen.jsonl"
    with listener(out, "--forward", "http://127.0.0.1:9/") as url:
        assert post_status(url, b"{}") == 502
    (one,) = captured(out)
    assert status_of(one) == 0


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with listener(tmp_path / "a") as url:
        again = ["listen", "--port", url.rpartition(":")[2], "--out", str(tmp_path / "b")]
        with pytest.raises(UsageError, match="cannot listen"):
            started(again).__enter__()


def test_a_sequence_is_sent_whole_and_out_of_order_when_asked(ghlctl: Run, tmp_path: Path) -> None:
    out, key = tmp_path / "seen.jsonl", key_of(ghlctl)
    with listener(out) as url:
        flags = ["--sequence", "stage-moved", "--url", url, "--key", key]
        assert ghlctl("send", *flags).status == 0
        assert ghlctl("send", *flags, "--out-of-order", "1").status == 0
    types = [json.loads(str(one["body"]))["type"] for one in captured(out)]
    assert types == [
        *("OpportunityStageUpdate", "OpportunityUpdate"),
        *("OpportunityUpdate", "OpportunityStageUpdate"),
    ]


@pytest.mark.parametrize(
    "scheme", ["standard-ed25519", "stripe", "twilio", "hubspot", "header-secret"]
)
def test_a_delivery_of_any_kind_of_scheme_is_sent_captured_and_verified(
    ghlctl: Run, tmp_path: Path, scheme: str
) -> None:
    out, key = tmp_path / "seen.jsonl", key_of(ghlctl, "--scheme", scheme)
    with listener(out) as url:
        flags = ["--scheme", scheme, "--key", key]
        sent = ghlctl("send", "TaskCreate", "--url", url + "/hook", *flags)
        assert sent.status == 0, sent.err
    held = ghlctl("verify", str(out), *flags)
    assert held.status == 0, held.out
    secret = (tmp_path / key.removeprefix("file:")).read_text().strip()
    shown = ghlctl("send", "TaskCreate", "--url", "http://127.0.0.1:9/hook", *flags, "--show")
    assert secret not in shown.out + held.out + sent.out


def test_the_workflow_webhook_needs_no_key(ghlctl: Run, tmp_path: Path) -> None:
    out = tmp_path / "seen.jsonl"
    with listener(out) as url:
        said = ghlctl("send", "ContactChanged", "--provider", "ghl-workflow", "--url", url)
        assert said.status == 0, said.err
    assert "contact_id" in json.loads(str(captured(out)[0]["body"]))


def test_keys_are_replaced_with_an_overlap_and_told_apart(ghlctl: Run) -> None:
    key_of(ghlctl)
    before = json.loads(ghlctl("keys", "list", "--format", "json").out)["keys"]
    said = ghlctl("keys", "rotate", "--overlap", "2d")
    assert said.status == 0, said.err
    assert "holds until" in said.out
    after = json.loads(ghlctl("keys", "list", "--format", "json").out)["keys"]
    assert len(after) == 2
    assert before[0]["fingerprint"] in {key["fingerprint"] for key in after}
    assert all(key["holds"] for key in after)
    assert ghlctl("keys", "public", "--all").out.count("BEGIN PUBLIC KEY") == 2
    assert ghlctl("keys", "public").out.count("BEGIN PUBLIC KEY") == 1
    assert "BEGIN PUBLIC KEY" in ghlctl("keys", "public", "--published").out


def test_schemes_say_what_they_cover_and_where_they_are_weak(ghlctl: Run) -> None:
    rows = json.loads(ghlctl("keys", "schemes", "--format", "json").out)["schemes"]
    assert len(rows) == 17
    assert all(row["weakness"] for row in rows)
    assert "covers body" in ghlctl("keys", "schemes").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("events",),
        ("events", "--sequences"),
        ("keys", "schemes"),
        ("keys", "list"),
        ("keys", "rotate"),
        ("health", "--url", "http://127.0.0.1:9/"),
    ],
)
def test_what_is_listed_fits_a_terminal_of_80_columns(
    ghlctl: Run, arguments: tuple[str, ...]
) -> None:
    key_of(ghlctl)
    said = ghlctl(*arguments)
    long = [line for line in said.out.splitlines() if len(line) > 80 and "file:" not in line]
    assert said.out
    assert long == []


def test_events_of_one_family_and_sequences_are_listed(ghlctl: Run) -> None:
    rows = json.loads(ghlctl("events", "--family", "invoice", "--format", "json").out)["events"]
    assert len(rows) == 7
    assert len(json.loads(ghlctl("events", "--format", "json").out)["events"]) == 77
    assert "stage-moved" in ghlctl("events", "--sequences").out
    assert "INSTALL" in ghlctl("events", "AppInstall").out
    assert "not confirmed" in ghlctl("events", "UserUpdate").out


def test_the_embedded_receiver_trusts_old_and_new_key_during_the_overlap(
    ghlctl: Run, tmp_path: Path
) -> None:
    key_of(ghlctl)
    assert ghlctl("keys", "rotate").status == 0
    new, old = (tmp_path / ".ghlctl" / "keys" / "ghl-test.key"), None
    for path in new.parent.glob("*.until-*.key"):
        old = path
    stranger = key_of(ghlctl, "--name", "stranger").removeprefix("file:")
    state = ["--state", str(tmp_path / ".ghlctl")]
    with started(["serve", "--port", "0", "--upstream", "http://127.0.0.1:9", *state]) as receiver:
        url = receiver.said["url"]
        status = {
            path: ghlctl("send", "AppInstall", "--url", url, "--key", f"file:{path}").status
            for path in (new, old, Path(stranger))
        }
    assert status == {new: 0, old: 0, Path(stranger): 3}
