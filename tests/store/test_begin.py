from pathlib import Path

from ghlctl.model.run import RunKind
from ghlctl.store.begin import new_run
from ghlctl.store.runs import RunStore

SCENARIO = {
    "name": "what? is=this",
    "receiver": {"url": "http://host.test/hook?token=SECRET"},
    "effects": {"upstream": "https://me:SECRET@up.test/?key=SECRET#SECRET", "within": "10s"},
    "load": [{"rate": "25/s"}],
    "seed": 42,
}


def test_no_file_of_a_new_run_has_a_value_of_a_query(tmp_path: Path) -> None:
    run = new_run(
        RunKind.LOADTEST,
        "steady",
        scenario=SCENARIO,
        seed=42,
        receiver="http://host.test/hook?token=SECRET",
        scheme="ghl",
    )
    RunStore(tmp_path).create(run)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not any(b"SECRET" in path.read_bytes() for path in files)
    assert run.receiver == "http://host.test/hook?token=…"
    assert run.scenario["receiver"] == {"url": "http://host.test/hook?token=…"}
    assert run.scenario["effects"] == {"upstream": "https://up.test/?key=…", "within": "10s"}


def test_what_is_no_url_is_recorded_as_it_is() -> None:
    run = new_run(
        RunKind.DEMO,
        "demo",
        scenario=SCENARIO,
        seed=42,
        receiver="embedded receiver, profile baseline?",
        scheme="ghl",
    )
    assert run.receiver == "embedded receiver, profile baseline?"
    kept = {"name", "load", "seed"}
    assert {key: run.scenario[key] for key in kept} == {key: SCENARIO[key] for key in kept}
