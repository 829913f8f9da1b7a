"""What a load run is asked to do: the line that the parent hands to the child process."""

import msgspec

from ghlctl.load.recording import Recording
from ghlctl.model.delivery import Headers
from ghlctl.scenario.scenario import RetriesSpec, Stage

_APART = 1_000_003  # seeds of neighbours must not meet: a source uses the next few as well


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of a plan one worker sends: its `index` from 0, `of` so many."""

    index: int = 0
    of: int = 1


class Spread(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who sends the load: `workers` processes here, `expect` that join at `listen` from elsewhere.

    `listen` is HOST:PORT, or empty where nobody joins. `web_port`: of Locust's page on this
    machine, 0 for any that is free, None for none.
    """

    workers: int = 1
    listen: str = ""
    expect: int = 0
    join_within_s: float = 60.0
    web_port: int | None = None

    @property
    def together(self) -> int:
        """How many workers send the load between them."""
        return self.workers + self.expect

    @property
    def alone(self) -> bool:
        """Whether the engine's own process sends everything."""
        return not self.listen and self.workers == 1


class LoadPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`key_ref` names the key, and the child resolves it; `headers` may be as secret as that key.

    `events` are weights by event type, `duplicates` a ratio 0-1 of the deliveries. `grace_s` is
    how long after its last planned moment an arrival may still be sent; None means `timeout_s`.
    `recordings`: what each replay among the stages sends.
    `windows`: seconds from and to which open arrivals are kept, all where it is empty. With
    `agreed_start` the engine says when it could begin and is told when to.
    `authorized`: whoever started the run may send to a host that is not private.
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
    spread: Spread = Spread()
    share: Share = Share()
    authorized: bool = False
    insecure: bool = False
    ca_file: str = ""
    retries: RetriesSpec | None = None
    locations: int | None = None
    recordings: tuple[Recording, ...] = ()
    windows: tuple[tuple[float, float], ...] = ()
    agreed_start: bool = False

    @property
    def people_seed(self) -> int:
        """Of this share's events: each worker's are of people of its own."""
        return self.seed + self.share.index * _APART


def encode_plan(plan: LoadPlan) -> bytes:
    """One line of JSON."""
    return msgspec.json.encode(plan)


def decode_plan(text: bytes) -> LoadPlan:
    """Raise msgspec.ValidationError with a path for anything but a plan."""
    return msgspec.json.decode(text, type=LoadPlan)
