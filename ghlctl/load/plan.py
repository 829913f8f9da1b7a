"""What a load run is asked to do: the line that the parent hands to the child process."""

import msgspec

from ghlctl.load.recording import Recording
from ghlctl.model.delivery import Headers
from ghlctl.scenario.scenario import RetriesSpec, Stage


class LoadPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`key_ref` names the key, and the child resolves it; `headers` may be as secret as that key.

    `events` are weights by event type, `duplicates` a ratio 0-1 of the deliveries. `grace_s` is
    how long after its last planned moment an arrival may still be sent; None means `timeout_s`.
    `recordings`: what each replay among the stages sends.
    `windows`: seconds from and to which open arrivals are kept, all where it is empty. With
    `agreed_start` the engine says when it could begin and is told when to.
    """

    url: str
    provider: str
    scheme: str
    key_ref: str
    events: dict[str, float]
    stages: tuple[Stage, ...]
    seed: int
    folder: str
    headers: Headers = ()
    warmup_s: float = 0.0
    timeout_s: float = 10.0
    grace_s: float | None = None
    duplicates: float = 0.0
    max_in_flight: int = 1000
    workers: int = 1
    insecure: bool = False
    ca_file: str = ""
    retries: RetriesSpec | None = None
    locations: int | None = None
    recordings: tuple[Recording, ...] = ()
    windows: tuple[tuple[float, float], ...] = ()
    agreed_start: bool = False


def encode_plan(plan: LoadPlan) -> bytes:
    """One line of JSON."""
    return msgspec.json.encode(plan)


def decode_plan(text: bytes) -> LoadPlan:
    """Raise msgspec.ValidationError with a path for anything but a plan."""
    return msgspec.json.decode(text, type=LoadPlan)
