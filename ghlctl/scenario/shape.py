"""Scenario files as people write them, key by key; the reader turns them into a Scenario.

Texts with a unit are `Any` here: `units` reads them, with better words than a type check has.
"""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, field

from ghlctl.model.threshold import Threshold
from ghlctl.scenario.audit_config import AuditConfig
from ghlctl.scenario.scenario import Signature
from ghlctl.scenario.units import DURATION_PATTERN, RATE_PATTERN, RATIO_PATTERN


def _text(pattern: str, description: str, examples: list[str]) -> Meta:
    schema = {"type": "string", "pattern": pattern, "examples": examples}
    return Meta(description=description, extra_json_schema=schema)


Duration = Annotated[Any, _text(DURATION_PATTERN, "A time with its unit", ["500ms", "30s", "5m"])]
Rate = Annotated[Any, _text(RATE_PATTERN, "Arrivals per unit of time", ["25/s", "600/min"])]
Ratio = Annotated[
    Any,
    Meta(
        description="A percentage, or a number from 0 to 1",
        extra_json_schema={
            "anyOf": [
                {"type": "string", "pattern": RATIO_PATTERN},
                {"type": "number", "minimum": 0, "maximum": 1},
            ]
        },
    ),
]
KeyReference = Annotated[
    str,
    Meta(
        description="Where the key is, never the key itself",
        extra_json_schema={"pattern": "^(env|file):.+$", "examples": ["env:GHLCTL_KEY"]},
    ),
]
Url = Annotated[str, Meta(extra_json_schema={"pattern": "^https?://[^@/]+"})]
Count = Annotated[int, Meta(extra_json_schema={"minimum": 1})]


class ConstantShape(Struct, forbid_unknown_fields=True):
    """One arrival every 1/rate seconds."""

    constant: Rate
    for_: Duration = field(name="for")


class RampShape(Struct, forbid_unknown_fields=True):
    """A rate that goes evenly from the first to the second."""

    ramp: Annotated[list[Rate], Meta(extra_json_schema={"minItems": 2, "maxItems": 2})]
    for_: Duration = field(name="for")


class PoissonShape(Struct, forbid_unknown_fields=True):
    """Arrivals that know nothing of each other, by the seed."""

    poisson: Rate
    for_: Duration = field(name="for")


class BurstShape(Struct, forbid_unknown_fields=True):
    """So many arrivals at one moment."""

    burst: Count


class ClosedBody(Struct, forbid_unknown_fields=True):
    """Ends after so many deliveries of all senders together, or after a time."""

    concurrency: Count
    iterations: Count | UnsetType = UNSET
    for_: Duration | UnsetType = field(name="for", default=UNSET)


class ClosedShape(Struct, forbid_unknown_fields=True):
    """Senders that each wait for their reply before they send again."""

    closed: ClosedBody


class ReplayShape(Struct, forbid_unknown_fields=True):
    """Captured deliveries at their own distances in time, divided by the speed."""

    replay: str
    speed: float = 1.0


StageShape = ConstantShape | RampShape | PoissonShape | BurstShape | ClosedShape | ReplayShape

STAGES: dict[str, type[StageShape]] = {
    "constant": ConstantShape,
    "ramp": RampShape,
    "poisson": PoissonShape,
    "burst": BurstShape,
    "closed": ClosedShape,
    "replay": ReplayShape,
}
"""The key that a stage is known by → what else it may say."""


class ReceiverShape(Struct, forbid_unknown_fields=True):
    """The receiver that deliveries go to."""

    url: Url
    scheme: str | UnsetType = UNSET
    key: KeyReference | UnsetType = UNSET


class EmbeddedShape(Struct, forbid_unknown_fields=True):
    """The receiver that ships inside, in a profile with single switches turned."""

    profile: str
    set: dict[str, str | int | float | bool] = {}


class EffectsShape(Struct, forbid_unknown_fields=True):
    """Where effects are recorded, and how long after the last delivery they may come."""

    upstream: Url
    within: Duration = "10s"


class RetriesShape(Struct, forbid_unknown_fields=True):
    """Retries by a provider's policy, compressed in time."""

    policy: str
    speed: (
        Annotated[float, Meta(description="How many times faster than the policy says")] | UnsetType
    ) = UNSET
    signature: Signature = Signature.FRESH


class ScenarioShape(Struct, forbid_unknown_fields=True):
    """What to send, how often and for how long."""

    name: str
    events: Annotated[dict[str, float], Meta(description="Weights by event type")]
    arrivals: list[Any]
    provider: str = "ghl"
    receiver: ReceiverShape | UnsetType = UNSET
    embedded: EmbeddedShape | UnsetType = UNSET
    warmup: Duration = "0s"
    duplicates: Ratio = 0.0
    retries: str | RetriesShape | UnsetType = UNSET
    timeout: Duration = "10s"
    effects: EffectsShape | UnsetType = UNSET
    thresholds: list[str | Threshold] = []
    seed: int | UnsetType = UNSET
    locations: (
        Annotated[Count, Meta(description="How many tenants the events are about")] | UnsetType
    ) = UNSET


class ReceiverConfigShape(Struct, forbid_unknown_fields=True):
    """What is said of the receiver once; flags and GHLCTL_ variables go over it."""

    url: Url | UnsetType = UNSET
    provider: str = "ghl"
    scheme: str | UnsetType = UNSET
    key: KeyReference | UnsetType = UNSET
    upstream: Url | UnsetType = UNSET
    headers: dict[str, str] = {}
    authorized: Annotated[
        bool, Meta(description="You may send load and forgeries to this url, which is not local")
    ] = False


class ConfigShape(Struct, forbid_unknown_fields=True):
    """ghlctl.yaml, found upward to the root of the repository."""

    receiver: ReceiverConfigShape | UnsetType = UNSET
    audit: AuditConfig | UnsetType = UNSET
    reports: Annotated[str, Meta(description="The folder that runs are written to")] = "reports"
    scenario: Annotated[str, Meta(description="The scenario file of loadtest")] | UnsetType = UNSET
