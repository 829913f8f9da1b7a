"""What the engine says of its own run: was it on time, and what kept it from that."""

from dataclasses import dataclass

from ghlctl.load.recorder import Totals
from ghlctl.model.caution import Caution

LATENESS_P99_BOUND_MS = 10.0
HUNGRY_BOUND = 0.01  # of the time: waiting for signatures longer than this bends the schedule


@dataclass(frozen=True, slots=True)
class Account:
    """The end of a run, in counts. `hungry_s`: an arrival was due and nothing signed at hand.

    `forgone`: retries that were too many to keep.
    """

    totals: Totals
    aborted: bool
    elapsed_s: float
    hungry_s: float
    cut_off: int
    bound: int
    asked_bound: int
    producer_died: bool
    forgone: int = 0


def keeping_up(account: Account) -> bool:
    """Whether the receiver, and not the engine, made the numbers."""
    lateness = account.totals.lateness.quantile_ms(0.99)
    on_time = lateness is None or lateness <= LATENESS_P99_BOUND_MS
    lost = account.totals.dropped - account.cut_off
    return on_time and not account.producer_died and (account.aborted or not lost)


def cautions_of(account: Account) -> list[Caution]:
    """Every reason to doubt the run's numbers that the engine knows of."""
    found = [
        _late(account),
        _hungry(account),
        _held(account),
        _dropped(account),
        _cut_off(account),
        _lowered(account),
        _producer(account),
        _forgone(account),
    ]
    return [caution for caution in found if caution is not None]


def _late(account: Account) -> Caution | None:
    lateness = account.totals.lateness.quantile_ms(0.99)
    if lateness is None or lateness <= LATENESS_P99_BOUND_MS:
        return None
    return Caution(
        "generator-late",
        f"1 in 100 requests left more than {lateness:.1f} ms after its planned moment",
        f"lower the rate or free a core: up to {LATENESS_P99_BOUND_MS:.0f} ms is trusted",
    )


def _hungry(account: Account) -> Caution | None:
    if account.hungry_s <= HUNGRY_BOUND * account.elapsed_s:
        return None
    return Caution(
        "signing-bound",
        f"for {account.hungry_s:.1f} s requests were due before they were signed",
        "lower the rate, free a core, or choose a cheaper scheme (RSA is the dearest)",
    )


def _held(account: Account) -> Caution | None:
    if not account.totals.held:
        return None
    return Caution(
        "in-flight-bound",
        f"{account.totals.held} arrivals waited because {account.bound} requests were in flight",
        "the wait is in response_time; the receiver is saturated, or the bound too low",
    )


def _dropped(account: Account) -> Caution | None:
    lost = account.totals.dropped - account.cut_off
    if lost <= 0:
        return None
    when = "before the run was stopped" if account.aborted else "within the time after the schedule"
    return Caution(
        "arrivals-dropped",
        f"{lost} arrivals were due and could not be sent {when}",
        "they are rows with error dropped; lower the rate or raise the bound on requests in flight",
    )


def _cut_off(account: Account) -> Caution | None:
    if not account.cut_off:
        return None
    return Caution(
        "cut-off",
        f"{account.cut_off} requests were in flight when the run was stopped",
        "what came of them is not known: they count as dropped, not as errors",
    )


def _lowered(account: Account) -> Caution | None:
    if account.bound >= account.asked_bound:
        return None
    return Caution(
        "descriptor-limit",
        f"only {account.bound} of {account.asked_bound} connections could be open at once",
        "raise the limit on open files (ulimit -n)",
    )


def _producer(account: Account) -> Caution | None:
    if not account.producer_died:
        return None
    return Caution(
        "producer-died",
        "the process that signs deliveries ended during the run",
        "what was sent until then is kept; look for memory limits and try again",
    )


def _forgone(account: Account) -> Caution | None:
    if not account.forgone:
        return None
    return Caution(
        "retries-forgone",
        f"{account.forgone} retries were not sent: too many deliveries waited for theirs",
        "the provider would have sent them; lower the rate, or speed the retries up",
    )
