"""The GitHub action, run step by step in a shell as a runner would."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]


def check_schema(kind: str, path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{kind}", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_action_fits_githubs_schema() -> None:
    check_schema("github-actions", ROOT / "action.yml")


def test_no_expression_stands_inside_a_script() -> None:
    for step in STEPS:
        assert "${{" not in step.get("run", ""), step["name"]


def test_every_input_is_used_and_every_one_used_is_there() -> None:
    text = (ROOT / "action.yml").read_text()
    used = set(re.findall(r"inputs\.([\w-]+)", text))
    assert used == set(ACTION["inputs"])


def test_outputs_name_steps_that_set_them() -> None:
    ids = {step.get("id"): step.get("run", "") for step in STEPS}
    for output in ACTION["outputs"].values():
        step, name = re.findall(r"steps\.(\w+)\.outputs\.(\w+)", output["value"])[0]
        assert f"{name}=" in ids[step]


@dataclass
class Runner:
    """As much of GitHub's runner as the action needs: conditions, variables, output files."""

    folder: Path
    inputs: dict[str, str]
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    uploaded: list[str] = field(default_factory=list)
    said: str = ""
    status: int = 0

    def run(self) -> None:
        for step in STEPS:
            if not self._wanted(step.get("if", "true")):
                continue
            if "uses" in step:
                self.uploaded.append(self._filled(step["with"]["path"]))
            else:
                self._step(step)

    def _step(self, step: dict[str, Any]) -> None:
        output = self.folder / "output.txt"
        output.write_text("")
        given = {name: self._filled(value) for name, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder,
            env=self._environment(output) | given,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        self.ran.append(step["name"])
        self.said += done.stdout + done.stderr
        self.status = self.status or done.returncode
        lines = [line.split("=", 1) for line in output.read_text().splitlines()]
        self.outputs[step.get("id", "")] = dict(lines)

    def _environment(self, output: Path) -> dict[str, str]:
        own = {key: each for key, each in os.environ.items() if not key.startswith("GHLCTL_")}
        programs = Path(sys.executable).parent
        return own | {
            "PATH": f"{programs}:{own['PATH']}",
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            "RUNNER_TEMP": str(self.folder),
        }

    def _value(self, path: str) -> str:
        match path.split("."):
            case ["inputs", name]:
                return self.inputs.get(name, str(ACTION["inputs"][name]["default"]))
            case ["steps", step, "outputs", name]:
                return self.outputs.get(step, {}).get(name, "")
            case _:
                raise AssertionError(path)

    def _filled(self, text: str) -> str:
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: self._value(found[1]), text)

    def _wanted(self, condition: str) -> bool:
        parts = condition.split(" && ")
        if self.status and "always()" not in parts:
            return False
        return all(self._holds(part) for part in parts if part not in ("always()", "true"))

    def _holds(self, part: str) -> bool:
        path, sign, wanted = part.split(" ")
        return (self._value(path) == wanted.strip("'")) is (sign == "==")


def runner(tmp_path: Path, **inputs: str) -> Runner:
    load = "--rate 50 --duration 1s"
    return Runner(
        tmp_path,
        {"install": "", "receiver": "--profile optimized", "arguments": load}
        | {name.replace("_", "-"): value for name, value in inputs.items()},
    )


def policy(tmp_path: Path, *expressions: str) -> str:
    path = tmp_path / "gate.yaml"
    path.write_text(json.dumps({"name": "mine", "thresholds": list(expressions)}, indent=1))
    return path.name


def test_the_action_measures_gates_reports_and_sets_its_outputs(tmp_path: Path) -> None:
    done = runner(tmp_path, policy=policy(tmp_path, "planned == 50"))
    done.run()
    assert "Install ghlctl" not in done.ran
    assert "Start the receiver" not in done.ran
    gate, run = done.outputs["gate"], done.outputs["measure"]["run"]
    assert (tmp_path / "reports" / run / "summary.json").is_file()
    # A busy machine may make the run one that decides nothing; that must not read like a pass.
    expected = {"0": 0, "3": 3}[gate["status"]]
    assert done.status == expected, done.said
    assert gate["standing"] == {"0": "passed", "3": "not_measured"}[gate["status"]]
    assert (tmp_path / "reports" / "ghlctl.html").is_file()
    assert (tmp_path / "reports" / "ci" / "junit.xml").is_file()
    assert "planned" in (tmp_path / "summary.md").read_text()
    assert done.uploaded == ["reports"]


def test_the_action_fails_with_its_gate_and_keeps_the_report_all_the_same(tmp_path: Path) -> None:
    done = runner(tmp_path, policy=policy(tmp_path, "planned > 1000"))
    done.run()
    assert done.outputs["gate"]["standing"] == {1: "failed", 3: "not_measured"}[done.status]
    assert "::error file=gate.yaml,line=4,title=planned > 1000::" in done.said
    assert (tmp_path / "reports" / "ghlctl.html").is_file()
    assert done.uploaded == ["reports"]


def test_a_receiver_that_cannot_be_reached_fails_the_action(tmp_path: Path) -> None:
    done = runner(
        tmp_path, receiver="--url http://127.0.0.1:9/webhooks/ghl --scheme none", policy="smoke"
    )
    done.run()
    assert done.status == 3, done.said
    assert "gate" not in done.outputs


def test_a_receiver_that_does_not_start_fails_the_action(tmp_path: Path) -> None:
    done = runner(tmp_path, start="exit 1", receiver="--url http://127.0.0.1:9/ --scheme none")
    done.run()
    assert done.status == 3
    assert "the receiver did not become ready" in done.said
    assert done.ran == ["Start the receiver"]


def test_inputs_are_words_and_never_commands(tmp_path: Path) -> None:
    words = "$(touch hacked) `touch hacked` ; touch hacked"
    done = runner(tmp_path, arguments=words, policy=words)
    done.run()
    assert done.status == 2
    assert not (tmp_path / "hacked").exists()
