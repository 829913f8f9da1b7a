"""A scenario file into a Scenario, or one error that says where and what was probably meant."""

from typing import Any

from msgspec import UNSET, UnsetType, to_builtins

from ghlctl.model.threshold import Threshold
from ghlctl.providers.catalogue import PROVIDERS, provider_named
from ghlctl.providers.ghl.policy import POLICIES
from ghlctl.providers.provider import unknown_event_type
from ghlctl.scenario.bounds import (
    MAX_LOCATIONS,
    check_count,
    check_duration,
    check_key,
    check_seed,
    check_text,
    check_url,
    check_weights,
)
from ghlctl.scenario.convert import fit, or_none
from ghlctl.scenario.document import Document, read_document
from ghlctl.scenario.names import check_name
from ghlctl.scenario.scenario import (
    EffectsSpec,
    EmbeddedSpec,
    ReceiverSpec,
    RetriesSpec,
    Scenario,
    Stage,
    check_arrivals,
    check_one_receiver,
    check_warmup,
)
from ghlctl.scenario.shape import (
    EffectsShape,
    EmbeddedShape,
    ReceiverShape,
    RetriesShape,
    ScenarioShape,
)
from ghlctl.scenario.stages import read_stage, write_stage
from ghlctl.scenario.units import duration_s, ratio, write_duration, write_ratio
from ghlctl.signing.catalogue import SCHEMES


def read_scenario(text: str, source: str) -> Scenario:
    """Raise UsageError with `source`, line and path. Events come out in order of their names."""
    document = read_document(text, source)
    shape = fit(document, ScenarioShape)
    with document.at("name"):
        check_text("a scenario's name", shape.name)
    stages = _stages(document, shape)
    with document.at("duplicates"):
        duplicates = ratio(shape.duplicates)
    with document.at("seed"):
        check_seed(or_none(shape.seed))
    with document.at("provider"):
        check_name("provider", shape.provider, PROVIDERS)
    receiver, embedded = _receiver(document, shape.receiver), _embedded(document, shape.embedded)
    with document.at("embedded"):
        check_one_receiver(receiver, embedded)
    return Scenario(
        name=shape.name,
        provider=shape.provider,
        events=_events(document, shape),
        arrivals=stages,
        receiver=receiver,
        embedded=embedded,
        warmup_s=_warmup_s(document, shape.warmup, stages),
        duplicates=duplicates,
        retries=_retries(document, shape.retries),
        timeout_s=_duration_s(document, shape.timeout, "timeout"),
        effects=_effects(document, shape.effects),
        thresholds=_thresholds(document, shape.thresholds),
        seed=or_none(shape.seed),
        locations=_locations(document, shape.locations),
    )


def write_scenario(scenario: Scenario) -> dict[str, Any]:
    """The mapping that, dumped as YAML, is read as the same scenario; defaults are left out."""
    written: dict[str, Any] = {
        "name": scenario.name,
        "provider": scenario.provider,
        "receiver": _said(scenario.receiver),
        "embedded": _said(scenario.embedded),
        "events": {name: _whole(weight) for name, weight in scenario.events.items()},
        "arrivals": [write_stage(stage) for stage in scenario.arrivals],
        "warmup": write_duration(scenario.warmup_s),
        "duplicates": write_ratio(scenario.duplicates),
        "retries": _write_retries(scenario.retries),
        "timeout": write_duration(scenario.timeout_s),
        "thresholds": [_write_threshold(each) for each in scenario.thresholds],
        "seed": scenario.seed,
        "locations": scenario.locations,
    }
    if scenario.effects is not None:
        within = write_duration(scenario.effects.within_s)
        written["effects"] = {"upstream": scenario.effects.upstream, "within": within}
    return {key: value for key, value in written.items() if value not in (None, [])}


def _stages(document: Document, shape: ScenarioShape) -> tuple[Stage, ...]:
    stages = tuple(read_stage(document, number) for number in range(len(shape.arrivals)))
    with document.at("arrivals"):
        check_arrivals(stages)
    return stages


def _events(document: Document, shape: ScenarioShape) -> dict[str, float]:
    known = provider_named(shape.provider).event_types
    for name in shape.events:
        if name not in known:
            refusal = unknown_event_type(shape.provider, name, known)
            raise document.error(("events", name), refusal.message, refusal.hint)
    with document.at("events"):
        check_weights(shape.events)
    return dict(sorted(shape.events.items()))


def _receiver(document: Document, shape: ReceiverShape | UnsetType) -> ReceiverSpec | None:
    if shape is UNSET:
        return None
    with document.at("receiver", "url"):
        check_url(shape.url)
    if shape.scheme is not UNSET:
        with document.at("receiver", "scheme"):
            check_name("scheme", shape.scheme, SCHEMES)
    if shape.key is not UNSET:
        with document.at("receiver", "key"):
            check_key(shape.key)
    return ReceiverSpec(shape.url, or_none(shape.scheme), or_none(shape.key))


def _embedded(document: Document, shape: EmbeddedShape | UnsetType) -> EmbeddedSpec | None:
    if shape is UNSET:
        return None
    with document.at("embedded", "profile"):
        check_text("a profile", shape.profile)
    return EmbeddedSpec(shape.profile, {key: _as_text(value) for key, value in shape.set.items()})


def _effects(document: Document, shape: EffectsShape | UnsetType) -> EffectsSpec | None:
    if shape is UNSET:
        return None
    with document.at("effects", "upstream"):
        check_url(shape.upstream)
    return EffectsSpec(shape.upstream, _duration_s(document, shape.within, "effects", "within"))


def _retries(document: Document, said: str | RetriesShape | UnsetType) -> RetriesSpec | None:
    if said is UNSET:
        return None
    plain = isinstance(said, str)
    said = RetriesShape(said) if isinstance(said, str) else said
    with document.at("retries", *(() if plain else ("policy",))):
        check_name("policy", said.policy, POLICIES, "policies")
    with document.at("retries", "speed"):
        return RetriesSpec(said.policy, or_none(said.speed), said.signature)


def _write_retries(retries: RetriesSpec | None) -> str | dict[str, Any] | None:
    if retries is None:
        return None
    if retries == RetriesSpec(retries.policy):
        return retries.policy
    return {key: value for key, value in to_builtins(retries).items() if value is not None}


def _locations(document: Document, count: int | UnsetType) -> int | None:
    if count is UNSET:
        return None
    with document.at("locations"):
        check_count("locations", count, MAX_LOCATIONS)
    return count


def _thresholds(document: Document, written: list[str | Threshold]) -> tuple[Threshold, ...]:
    found = tuple(Threshold(each) if isinstance(each, str) else each for each in written)
    for number, threshold in enumerate(found):
        with document.at("thresholds", number, "after"):
            duration_s(threshold.after)
    return found


def _warmup_s(document: Document, written: object, stages: tuple[Stage, ...]) -> float:
    with document.at("warmup"):
        seconds = duration_s(written)
        check_warmup(seconds, stages)
        return seconds


def _duration_s(document: Document, written: object, *path: str) -> float:
    with document.at(*path):
        seconds = duration_s(written)
        check_duration(seconds, path[-1])
        return seconds


def _write_threshold(threshold: Threshold) -> str | dict[str, Any]:
    usual = to_builtins(Threshold(threshold.expr))
    said = {key: value for key, value in to_builtins(threshold).items() if value != usual[key]}
    return {"expr": threshold.expr} | said if said else threshold.expr


def _said(part: ReceiverSpec | EmbeddedSpec | None) -> dict[str, Any] | None:
    if part is None:
        return None
    return {key: value for key, value in to_builtins(part).items() if value not in (None, {})}


def _as_text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _whole(weight: float) -> float:
    return int(weight) if float(weight).is_integer() else weight
