"""The CI jobs that the documents show, and the one that init writes, are what the services take."""

import re
from pathlib import Path

import pytest
import yaml

from ghlctl.analysis.threshold_words import SUBJECTS
from ghlctl.analysis.thresholds import parse_threshold
from ghlctl.cli.ci import ARTIFACTS
from ghlctl.cli.init import WORKFLOW
from ghlctl.report.catalogue import FORMATS
from ghlctl.scenario.policy import PRESETS, read_policy
from tests.project.test_action import ACTION, check_schema

ROOT = Path(__file__).parents[2]
CI, GATE = ((ROOT / "docs" / name).read_text() for name in ("ci.md", "gate.md"))
JOBS = re.findall(r"```yaml\n(.*?)```", CI, re.DOTALL)
GITHUB = [job for job in JOBS if "runs-on" in job]
GITLAB = [job for job in JOBS if "stages:" in job]


def test_the_jobs_of_both_services_are_shown() -> None:
    assert (len(GITHUB), len(GITLAB)) == (2, 1)


@pytest.mark.parametrize("text", [*GITHUB, WORKFLOW])
def test_github_jobs_fit_githubs_schema(text: str, tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(text)
    check_schema("github-workflows", path)


@pytest.mark.parametrize("text", GITLAB)
def test_gitlab_jobs_fit_gitlabs_schema(text: str, tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(text)
    check_schema("gitlab-ci", path)


def test_the_action_is_shown_with_inputs_that_it_has() -> None:
    (job,) = [yaml.safe_load(text) for text in GITHUB if "uses: ./" in text]
    (step,) = [each for each in job["jobs"]["ghlctl"]["steps"] if each.get("uses") == "./"]
    assert set(step["with"]) <= set(ACTION["inputs"])


def test_thresholds_in_the_documents_can_be_read() -> None:
    shown = re.findall(r'--threshold "([^"]+)"', CI + GATE)
    block = re.search(r"## Expressions\n```\n(.*?)```", GATE, re.DOTALL)
    assert block is not None
    for expression in [*shown, *block[1].splitlines()]:
        parse_threshold(expression)
    assert len(shown) > 2


def test_the_documented_policy_can_be_read_and_every_preset_is_listed() -> None:
    policy, suppressions = re.findall(r"```yaml\n(.*?)```", GATE, re.DOTALL)
    read_policy(policy, "gate.md")
    assert yaml.safe_load(suppressions)["suppressions"][0]["id"] == "RPL-05"
    for name in PRESETS:
        assert f"| `{name}` |" in GATE


def test_every_metric_format_and_artefact_is_documented() -> None:
    for name in SUBJECTS:
        assert f"`{name}`" in GATE, name
    for form in set(FORMATS) - {"text", "html", "json", "csv"}:
        assert f"| `{form}` |" in CI, form
    for file in ARTIFACTS:
        assert f"`{file}`" in CI, file


def test_links_of_the_documents_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", CI + GATE):
        assert (ROOT / "docs" / target).exists(), target
