"""A scenario file: read whole, refused exactly."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import UsageError
from ghlctl.model.threshold import Level, Threshold
from ghlctl.providers.catalogue import provider_named
from ghlctl.scenario.reader import read_scenario, write_scenario
from ghlctl.scenario.scenario import (
    Burst,
    Closed,
    Constant,
    EffectsSpec,
    EmbeddedSpec,
    Poisson,
    Ramp,
    ReceiverSpec,
    Replay,
    RetriesSpec,
    Scenario,
    Signature,
    check_arrivals,
    known_duration_s,
)

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))

CONTRACT = """\
name: steady
provider: ghl
receiver: {url: "http://127.0.0.1:8700/webhooks/ghl", scheme: ghl, key: "env:GHLCTL_KEY"}
events: {ContactCreate: 40, ContactUpdate: 30, OpportunityCreate: 15, AppointmentCreate: 15}
arrivals:
  - {constant: 25/s, for: 30s}
  - {ramp: [25/s, 100/s], for: 30s}
  - {poisson: 50/s, for: 20s}
  - {burst: 500}
  - {closed: {concurrency: 10, iterations: 100}}
  - {replay: captured.jsonl, speed: 2}
warmup: 5s
duplicates: 1%
retries: ghl
timeout: 10s
effects: {upstream: "http://127.0.0.1:8701", within: 10s}
thresholds:
  - "response_time p95 < 500ms"
  - {expr: "response_time mean < 500ms", level: warn}
  - {expr: "error_rate < 20%", abort: true, after: 5s}
seed: 7
"""

SMALL = "name: small\nevents: {ContactCreate: 1}\narrivals: [{constant: 25/s, for: 30s}]\n"

# what stands there, what a person writes, where that is said to be wrong, what is said, the hint
MISTAKES = [
    ("warmup:", "warmpu:", "12: warmpu", "unknown key", "did you mean 'warmup'?"),
    ("scheme: ghl", "schme: ghl", "3: receiver.schme", "unknown key", "did you mean 'scheme'?"),
    ("scheme: ghl", "scheme: gh1", "3: receiver.scheme", "unknown scheme 'gh1'", "'ghl'"),
    ("provider: ghl", "provider: gh", "2: provider", "unknown provider 'gh'", "'ghl'"),
    ("constant: 25/s", "constnt: 25/s", "6: arrivals[0]", "this is no stage", "'constant'"),
    ("constant: 25/s", "rate: 25/s", "6: arrivals[0]", "this is no stage", "constant, ramp"),
    ("constant: 25/s", "constant: 25", "6: arrivals[0].constant", "25 is no rate", "25/s"),
    ("constant: 25/s", "constant: 0/s", "6: arrivals[0]", "a rate of 0/s sends nothing", "25/s"),
    ("constant: 25/s", "constant: -5/s", "6: arrivals[0].constant", "'-5/s' is below zero", "sign"),
    ("constant: 25/s", "constant: 0.01/s", "6: arrivals[0]", "less than one arrival", "raise"),
    ("constant: 25/s", "constant: 9e9/s", "5: arrivals", "more than a run holds", "50,000,000"),
    ("25/s, for: 30s", "25/s", "6: arrivals[0]", "for is missing", "add for"),
    ("25/s, for: 30s", "25/s, for: 30", "6: arrivals[0].for", "30 is no duration", "30s"),
    ("25/s, for: 30s", "25/s, for: 0s", "6: arrivals[0].for", "above zero", "for: 30s"),
    ("25/s, for: 30s", "25/s, for: 9999h", "6: arrivals[0].for", "longer than", "744h"),
    ("25/s, for: 30s", "25/s, fro: 30s", "6: arrivals[0].fro", "unknown key", "'for'"),
    ("25/s, for: 30s", "25/s, burst: 1", "6: arrivals[0]", "constant and burst are two", "own"),
    ("[25/s, 100/s]", "[25/s]", "7: arrivals[1]", "one rate to another", "[25/s, 100/s]"),
    ("[25/s, 100/s]", "[0/s, 0/s]", "7: arrivals[1]", "sends nothing", "above zero"),
    ("[25/s, 100/s]", "[25/s, x]", "7: arrivals[1].ramp[1]", "'x' is no rate", "25/s"),
    ("[25/s, 100/s]", "25/s", "7: arrivals[1].ramp", "a list is expected here, not text", ""),
    ("burst: 500", "burst: 0", "9: arrivals[3]", "out of bounds", "1 to 50000000"),
    ("burst: 500", "burst: 50000001", "9: arrivals[3]", "out of bounds", "1 to 50000000"),
    ("burst: 500", "burst: 1.5", "9: arrivals[3].burst", "a whole number is expected", ""),
    ("{burst: 500}", "burst", "9: arrivals[3]", "a stage is a mapping", "constant: 25/s"),
    ("iterations: 100", "iteration: 100", "10: arrivals[4].closed.iteration", "unknown key", "'it"),
    ("iterations: 100", "iterations: 1, for: 1s", "10: arrivals[4]", "either after", "concurrency"),
    (", iterations: 100", "", "10: arrivals[4]", "either after iterations or", "iterations: 100"),
    ("concurrency: 10", "concurrency: 10001", "10: arrivals[4]", "out of bounds", "10000"),
    ("speed: 2", "speed: 0", "11: arrivals[5]", "above zero", "as captured"),
    ("speed: 2", "speed: .nan", "11: arrivals[5]", "above zero", "as captured"),
    (
        "ContactUpdate: 30",
        "ContactUpdat: 30",
        "4: events.ContactUpdat",
        "sends no event",
        "Update'?",
    ),
    ("ContactUpdate: 30", "ContactUpdate: x", "4: events.ContactUpdate", "a number is exp", ""),
    ("ContactUpdate: 30", "ContactUpdate: -3", "4: events", "ContactUpdate is -3", "zero or more"),
    ("ContactUpdate: 30", "ContactUpdate: .inf", "4: events", "ContactUpdate is inf", "finite"),
    ("ContactUpdate: 30", "ContactCreate: 30", "4: events.ContactCreate", "stands here twice", ""),
    ("name: steady", "name: 42", "1: name", "text is expected here, not a whole number", "quotes"),
    ("name: steady", "name: ''", "1: name", "printable text on one line", "1 to 100"),
    ("name: steady", 'name: "a\\nb"', "1: name", "printable text on one line", "1 to 100"),
    ("name: steady", "title: steady", "1: title", "unknown key", "known keys here: name"),
    ("name: steady\n", "", "1: ", "name is missing", "add name"),
    ("duplicates: 1%", "duplicates: 101%", "13: duplicates", "not between 0% and 100%", "percent"),
    ("duplicates: 1%", "duplicates: 5", "13: duplicates", "not between 0% and 100%", "percent"),
    ("warmup: 5s", "warmup: later", "12: warmup", "'later' is no duration", "30s"),
    ("retries: ghl", "retries: gh", "14: retries", "unknown policy 'gh'", "'ghl'"),
    ("retries: ghl", "retries: {policy: gh}", "14: retries.policy", "unknown policy 'gh'", "'ghl'"),
    ("retries: ghl", "retries: {policy: ghl, speed: 0}", "14: retries.speed", "above zero", "2"),
    ("retries: ghl", "retries: {policy: ghl, sped: 9}", "14: retries.sped", "unknown key", "speed"),
    (
        "retries: ghl",
        "retries: {policy: ghl, signature: old}",
        "14: retries.signature",
        "unknown value",
        "fresh",
    ),
    ("retries: ghl", "locations: 0", "14: locations", "out of bounds", "1 to 100000"),
    ("retries: ghl", "locations: many", "14: locations", "a whole number is expected", ""),
    ("timeout: 10s", "timeout: 0s", "15: timeout", "above zero", "timeout: 30s"),
    ("within: 10s", "within: soon", "16: effects.within", "'soon' is no duration", "30s"),
    ("within: 10s", "wihtin: 10s", "16: effects.wihtin", "unknown key", "'within'"),
    ("level: warn", "level: wran", "19: thresholds[1].level", "unknown value", "'warn'"),
    ("level: warn", "levle: warn", "19: thresholds[1].levle", "unknown key", "'level'"),
    ("after: 5s", "after: five", "20: thresholds[2].after", "'five' is no duration", "30s"),
    ("seed: 7", "seed: -7", "21: seed", "whole number from 0", "seed: 42"),
    ("seed: 7", "seed: 9999999999999999999", "21: seed", "whole number from 0", "seed: 42"),
    ("seed: 7", "embedded: {profile: baseline}", "21: embedded", "not both", "remove"),
    ("http://127.0.0.1:8700", "ftp://127.0.0.1", "3: receiver.url", "no address", "http://"),
    ("http://127.0.0.1:8700", "http://[::1", "3: receiver.url", "no address", "http://"),
    ("http://127.0.0.1:8700", "http://h:99999", "3: receiver.url", "no address", "http://"),
    ("http://127.0.0.1:8701", "nowhere", "16: effects.upstream", "no address", "http://"),
]


def refusal(text: str) -> UsageError:
    with pytest.raises(UsageError) as refused:
        read_scenario(text, "a.yaml")
    assert "\n" not in refused.value.message
    assert not refused.value.message.endswith(".")
    return refused.value


def test_the_contract_s_example_is_read_whole() -> None:
    scenario = read_scenario(CONTRACT, "a.yaml")
    assert scenario == Scenario(
        name="steady",
        provider="ghl",
        receiver=ReceiverSpec("http://127.0.0.1:8700/webhooks/ghl", "ghl", "env:GHLCTL_KEY"),
        events={
            "ContactCreate": 40,
            "ContactUpdate": 30,
            "OpportunityCreate": 15,
            "AppointmentCreate": 15,
        },
        arrivals=(
            Constant(25, 30),
            Ramp(25, 100, 30),
            Poisson(50, 20),
            Burst(500),
            Closed(10, iterations=100),
            Replay("captured.jsonl", 2.0),
        ),
        warmup_s=5,
        duplicates=0.01,
        retries=RetriesSpec("ghl"),
        timeout_s=10,
        effects=EffectsSpec("http://127.0.0.1:8701", 10),
        thresholds=(
            Threshold("response_time p95 < 500ms"),
            Threshold("response_time mean < 500ms", level=Level.WARN),
            Threshold("error_rate < 20%", abort=True, after="5s"),
        ),
        seed=7,
    )
    assert list(scenario.events) == sorted(scenario.events)


def test_what_is_not_said_has_its_usual_value() -> None:
    scenario = read_scenario(SMALL, "a.yaml")
    assert scenario.provider == "ghl"
    assert scenario.receiver is None
    assert scenario.embedded is None
    assert (scenario.warmup_s, scenario.duplicates, scenario.timeout_s) == (0, 0, 10)
    assert (scenario.retries, scenario.effects, scenario.seed) == (None, None, None)
    assert scenario.thresholds == ()


@pytest.mark.parametrize(("stands", "written", "where", "message", "hint"), MISTAKES)
def test_a_mistake_is_named_with_its_line_its_path_and_what_was_meant(
    stands: str, written: str, where: str, message: str, hint: str
) -> None:
    assert CONTRACT.count(stands) >= 1
    error = refusal(CONTRACT.replace(stands, written, 1))
    assert error.message.startswith(f"a.yaml:{where}")
    assert message in error.message
    assert hint in error.hint


def test_a_secret_in_place_of_a_reference_is_never_repeated() -> None:
    error = refusal(CONTRACT.replace("env:GHLCTL_KEY", "s3cr3t-value"))
    assert "s3cr3t" not in error.message + error.hint
    error = refusal(CONTRACT.replace("http://127", "http://user:s3cr3t@127"))
    assert "s3cr3t" not in error.message + error.hint
    assert error.message.startswith("a.yaml:3: receiver.url")


@pytest.mark.parametrize(
    ("warmup", "arrivals", "fine"),
    [
        ("30s", "[{constant: 25/s, for: 30s}]", False),
        ("29s", "[{constant: 25/s, for: 30s}]", True),
        ("1s", "[{burst: 5}]", False),
        ("0s", "[{burst: 5}]", True),
        ("60s", "[{closed: {concurrency: 1, iterations: 5}}]", True),
        ("60s", "[{closed: {concurrency: 1, for: 60s}}]", False),
    ],
)
def test_a_warm_up_leaves_something_to_count(warmup: str, arrivals: str, fine: bool) -> None:
    text = f"name: a\nevents: {{ContactCreate: 1}}\narrivals: {arrivals}\nwarmup: {warmup}\n"
    if fine:
        read_scenario(text, "a.yaml")
    else:
        assert "leaves nothing to count" in refusal(text).message


def test_no_stage_and_no_weight_are_refused() -> None:
    assert "no stage" in refusal(SMALL.replace("[{constant: 25/s, for: 30s}]", "[]")).message
    assert "no event has a weight" in refusal(SMALL.replace(": 1}", ": 0}")).message
    assert "no event has a weight" in refusal(SMALL.replace("{ContactCreate: 1}", "{}")).message


def test_switches_keep_the_words_they_are_written_in() -> None:
    text = SMALL + "embedded: {profile: optimized, set: {cache: off, pool: true, workers: 3}}\n"
    spec = read_scenario(text, "a.yaml").embedded
    assert spec == EmbeddedSpec("optimized", {"cache": "off", "pool": "true", "workers": "3"})


names = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], include_characters=" "),
    min_size=1,
    max_size=30,
).map(lambda text: text if text.strip() else "a b")
amounts = st.floats(min_value=0.5, max_value=1e4)
times = st.floats(min_value=2, max_value=400)
stages = st.one_of(
    st.builds(Constant, amounts, times),
    st.builds(Poisson, amounts, times),
    st.builds(Ramp, amounts, amounts, times),
    st.builds(Burst, st.integers(1, 10**6)),
    st.builds(Closed, st.integers(1, 10_000), iterations=st.integers(1, 10**6)),
    st.builds(Closed, st.integers(1, 10_000), for_s=times),
    st.builds(Replay, names, st.floats(min_value=0.01, max_value=100)),
)
thresholds = st.builds(
    Threshold, names, st.sampled_from(Level), st.booleans(), st.sampled_from(["0s", "5s", "1m"])
)
receivers = st.builds(
    ReceiverSpec,
    st.sampled_from(["http://127.0.0.1:1/x", "https://receiver.example/hook?a=b"]),
    st.sampled_from([None, "ghl", "hmac-timestamp"]),
    st.sampled_from([None, "env:KEY", "file:/keys/a b.pem"]),
)
switches = st.dictionaries(names, names, max_size=3)
events = st.dictionaries(
    st.sampled_from(provider_named("ghl").event_types),
    st.floats(min_value=0.001, max_value=1e6),
    min_size=1,
    max_size=6,
).map(lambda weights: dict(sorted(weights.items())))


def made(fields: dict[str, Any], warmup_s: float, receiver: Any, embedded: Any) -> Scenario:
    counts = known_duration_s(fields["arrivals"]) != 0
    return Scenario(
        **fields,
        warmup_s=warmup_s if counts else 0.0,
        receiver=receiver,
        embedded=None if receiver else embedded,
    )


scenarios = st.builds(
    made,
    st.fixed_dictionaries(
        {
            "name": names,
            "provider": st.just("ghl"),
            "events": events,
            "arrivals": st.lists(stages, min_size=1, max_size=4).map(tuple),
            "duplicates": st.floats(min_value=0, max_value=1),
            "retries": st.none()
            | st.builds(
                RetriesSpec,
                st.sampled_from(["ghl", "ghl-2025"]),
                st.none() | st.floats(min_value=0.1, max_value=1e6),
                st.sampled_from(Signature),
            ),
            "locations": st.none() | st.integers(1, 100_000),
            "timeout_s": st.floats(min_value=0.001, max_value=1000),
            "effects": st.none() | st.builds(EffectsSpec, st.just("http://10.0.0.1:80"), times),
            "thresholds": st.lists(thresholds, max_size=3).map(tuple),
            "seed": st.none() | st.integers(0, 2**63 - 1),
        }
    ),
    st.floats(min_value=0, max_value=1),
    st.none() | receivers,
    st.none() | st.builds(EmbeddedSpec, names, switches),
)


@given(scenarios)
def test_a_written_scenario_is_read_as_the_same(scenario: Scenario) -> None:
    written = write_scenario(scenario)
    for text in (
        yaml.safe_dump(written),
        yaml.safe_dump(written, allow_unicode=True, sort_keys=False),
        yaml.safe_dump(written, default_flow_style=True, width=40),
    ):
        assert read_scenario(text, "a.yaml") == scenario


def test_a_written_scenario_leaves_out_what_is_not_said() -> None:
    written = write_scenario(read_scenario(SMALL, "a.yaml"))
    assert not {"receiver", "embedded", "effects", "seed", "retries", "thresholds"} & set(written)
    assert written["arrivals"] == [{"constant": "25/s", "for": "30s"}]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_shipped_scenario_opens_with_its_purpose_and_is_read(path: Path) -> None:
    text = path.read_text()
    first, second = text.splitlines()[:2]
    assert first.startswith("# ")
    assert first.endswith((".", "?"))
    assert not second.startswith("#")
    scenario = read_scenario(text, str(path))
    assert scenario.name == path.stem
    assert scenario.receiver is None
    check_arrivals(scenario.arrivals)
    assert read_scenario(yaml.safe_dump(write_scenario(scenario)), path.name) == scenario


def test_the_six_shapes_of_load_are_shipped() -> None:
    names = {path.stem for path in SCENARIOS}
    assert names >= {"quick", "steady", "burst", "ramp", "poisson", "webhook-test"}


@pytest.mark.parametrize(
    "make",
    [
        lambda: Constant(float("nan"), 1),
        lambda: Constant(1, float("inf")),
        lambda: Constant(-1, 1),
        lambda: Ramp(-1, 5, 10),
        lambda: Ramp(float("nan"), 5, 10),
        lambda: Poisson(0, 10),
        lambda: Burst(-1),
        lambda: Closed(0, iterations=1),
        lambda: Closed(1),
        lambda: Closed(1, iterations=0),
        lambda: Replay(""),
        lambda: Replay("a", -1),
        lambda: Scenario("a", "ghl", {"ContactCreate": 1}, (Burst(30_000_000), Burst(30_000_000))),
        lambda: Scenario("a", "ghl", {}, (Burst(1),)),
        lambda: Scenario("a", "ghl", {"ContactCreate": 1}, ()),
        lambda: Scenario("a", "ghl", {"ContactCreate": 1}, (Burst(1),), duplicates=1.5),
        lambda: Scenario("a", "ghl", {"ContactCreate": 1}, (Burst(1),), timeout_s=0),
        lambda: Scenario("a", "ghl", {"ContactCreate": 1}, (Burst(1),), seed=-1),
        lambda: Scenario(
            "a",
            "ghl",
            {"ContactCreate": 1},
            (Burst(1),),
            receiver=ReceiverSpec("http://h"),
            embedded=EmbeddedSpec("baseline"),
        ),
    ],
)
def test_a_scenario_that_makes_no_sense_cannot_be_made_by_flags_either(make: Any) -> None:
    with pytest.raises(UsageError):
        make()
