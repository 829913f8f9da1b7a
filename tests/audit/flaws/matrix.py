"""Which check each flaw must trip. A flaw that trips more than one says why it cannot but."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ghlctl.model.finding import Outcome
from tests.audit.flaws import replay, shape, signature
from tests.audit.receivers import Steps

FAIL, WARN = Outcome.FAIL, Outcome.WARN


@dataclass(frozen=True)
class Flaw:
    """`trips`: outcomes of the checks that do not pass; `because`: why there are several."""

    name: str
    scheme: str
    make: Callable[[Steps], Steps]
    trips: Mapping[str, Outcome] = field(default_factory=lambda: MappingProxyType({}))
    because: str = ""


FLAWS = (
    Flaw("unsigned", "ghl", signature.accepts_the_unsigned, {"SIG-01": FAIL}),
    Flaw("unsigned", "ghl-legacy", signature.accepts_the_unsigned, {"SIG-01": FAIL}),
    Flaw("unsigned", "hmac-timestamp", signature.accepts_the_unsigned, {"SIG-01": FAIL}),
    Flaw("not-available", "ghl", signature.takes_not_available_for_consent, {"SIG-01": FAIL}),
    Flaw("lying-status", "ghl", signature.answers_401_and_acts, {"SIG-01": FAIL}),
    Flaw("fails-open", "ghl", signature.lets_errors_through, {"SIG-03": FAIL}),
    Flaw("fails-open", "ghl-legacy", signature.lets_errors_through, {"SIG-03": FAIL}),
    Flaw(
        "shape-only",
        "ghl",
        signature.looks_only_at_the_shape,
        {"SIG-03": FAIL, "SIG-04": FAIL, "SIG-08": FAIL},
        "random bytes, a stranger's signature and an altered body all differ in nothing else",
    ),
    Flaw("first-document", "ghl", signature.verifies_the_first_document, {"SIG-08": FAIL}),
    Flaw("one-byte", "hmac-timestamp", signature.verifies_all_but_a_byte, {"SIG-08": FAIL}),
    Flaw("no-window", "hmac-timestamp", replay.has_no_window, {"RPL-01": FAIL}),
    Flaw("no-window", "ghl", replay.has_no_window, {"RPL-01": WARN}),
    Flaw("narrow-window", "ghl", replay.has_a_window_of_minutes, {"RPL-14": WARN}),
    Flaw("no-memory", "ghl", replay.forgets_every_id, {"RPL-05": FAIL}),
    Flaw(
        "no-memory",
        "hmac-timestamp",
        replay.forgets_every_id,
        {"RPL-05": FAIL, "RPL-07": FAIL},
        "a receiver that forgets what it has seen forgets both ways of sending it again",
    ),
    Flaw(
        "memory-of-signatures",
        "hmac-timestamp",
        replay.knows_deliveries_by_signature,
        {"RPL-07": FAIL},
    ),
    Flaw("type-crash", "ghl", shape.crashes_on_a_number, {"INP-09": FAIL}),
    Flaw("none-upstream", "ghl", shape.writes_none_upstream, {"INP-09": FAIL}),
    Flaw("unmarked-none", "ghl", shape.builds_paths_from_unchecked_ids, {"INP-09": FAIL}),
    Flaw("any-size", "ghl", shape.reads_any_size, {"RES-01": FAIL}),
    Flaw("any-size", "hmac-timestamp", shape.reads_any_size, {"RES-01": FAIL}),
)


def as_it_is(steps: Steps) -> Steps:
    return steps


def acknowledges_first(steps: Steps) -> Steps:
    return replace(steps, delay_s=0.15)


def answers_200_to_all(steps: Steps) -> Steps:
    return replace(steps, refusal=200)


CORRECT = (
    Flaw("correct", "ghl", as_it_is),
    Flaw("correct", "ghl-legacy", as_it_is),
    Flaw("correct", "hmac-timestamp", as_it_is),
    Flaw("acknowledges-first", "ghl", acknowledges_first),
    Flaw("answers-200", "hmac-timestamp", answers_200_to_all),
)
