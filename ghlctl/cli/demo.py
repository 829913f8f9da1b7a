"""ghlctl demo: the whole story on the embedded receiver, before and after."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.cli import options
from ghlctl.cli.interrupts import kept
from ghlctl.cli.output import emit, say
from ghlctl.errors import ExitStatus

if TYPE_CHECKING:
    from pathlib import Path

    from ghlctl.cli.settings import Receiver
    from ghlctl.load.measure import Measured
    from ghlctl.report.document import Document
    from ghlctl.scenario.scenario import Scenario
    from ghlctl.store.runs import RunFolder, RunStore

QUICK_S = 12.0
FULL_S = 60.0
WARMUP_S = 2.0
FAILING = ("--faults", "0.06")  # of upstream calls: two in a row lose 2 % of baseline's events
AT_ONCE = ("--rtt", "0", "--latency", "0")
SETTLE_S = 0.5  # the least wait for an effect where genuine ones take a fifth of a second
NOTE = (
    "The audits asked a second instance of each profile, with the same switches and an upstream"
    " that answers at once and does not fail: an audit asks what a receiver does, not how fast."
)
QUICK_TOPICS = ("signature", "replay", "tenancy", "errors", "keys")
"""What a quick demo asks, without the checks that disturb: the others take a minute more."""

PLAN = (
    "end_to_end mean < 500ms",
    "end_to_end p95 < 600ms",
    "error_rate < 1%",
    "throughput > 20/s",
    "effects lost == 0",
)


@dataclass(frozen=True, slots=True)
class Act:
    """One profile at its rate; what the plan promises is asked of the optimized one alone."""

    profile: str
    rate_per_s: float
    thresholds: tuple[str, ...] = ()


ACTS = (Act("baseline", 10.0), Act("optimized", 25.0, PLAN))


def demo(
    quick: Annotated[bool, typer.Option("--quick", help="Under a minute; wide intervals.")] = False,
    seed: options.Seed = 7,
    reports: options.Reports = None,
    state: Annotated[str, typer.Option("--state", metavar="DIR", help="State folder.")] = ".ghlctl",
) -> ExitStatus:
    """Measure and audit the embedded receiver before and after its optimization."""
    from ghlctl.cli.auditing import audit_into
    from ghlctl.cli.report import document_of
    from ghlctl.cli.settings import load_config, store_of
    from ghlctl.report.text import render_summary

    began = time.monotonic()
    store = store_of(load_config(None), reports)
    lasts_s = QUICK_S if quick else FULL_S
    with ExitStack() as runs:
        measured = []
        say("starting the receiver in both profiles, each with its own upstream")
        with _receivers(state, FAILING) as receivers:
            for act, receiver in zip(ACTS, receivers, strict=True):
                measured.append(_load(act, receiver, store, runs, lasts_s, seed))
                if measured[-1][1].interrupted:
                    return ExitStatus.INTERRUPTED
        say("auditing both")
        folders = [folder for folder, _ in measured]
        # The receivers end first: an interrupted audit has then nothing left to wait for.
        with ThreadPoolExecutor(len(ACTS)) as pool, _receivers(state, AT_ONCE) as receivers:
            asking = partial(audit_into, settle_s=SETTLE_S, scope=_scope(quick=quick))
            list(pool.map(asking, folders, receivers))
    notes = (NOTE, _quick_note()) if quick else (NOTE,)
    document = document_of(folders, labels=[act.profile for act in ACTS], notes=notes)
    report = _written(document, store)
    emit(render_summary(document))
    emit(f"report {report}\n")
    say(f"took {time.monotonic() - began:.0f} s")
    return _status([load for _, load in measured])


def _scope(*, quick: bool) -> frozenset[str] | None:
    """The ids of what is asked; None for everything."""
    from ghlctl.audit.catalogue import CHECKS

    if not quick:
        return None
    asked = (check for check in CHECKS if check.about.topic in QUICK_TOPICS and not check.apart)
    return frozenset(check.about.id for check in asked)


def _quick_note() -> str:
    from ghlctl.audit.catalogue import CHECKS

    asked = len(_scope(quick=True) or ())
    topics = ", ".join(QUICK_TOPICS)
    return (
        f"With --quick the audits asked {asked} of {len(CHECKS)} checks: {topics}, without what may"
        " disturb a receiver; ghlctl demo without --quick asks all."
    )


@contextmanager
def _receivers(state: str, network: "Sequence[str]") -> "Iterator[list[Receiver]]":
    """Both profiles at once, so that their start-up is paid once; only one is loaded at a time."""
    from ghlctl.cli.embedded import embedded

    with ExitStack() as running, ThreadPoolExecutor(len(ACTS)) as pool:
        starts = [embedded(act.profile, network=network, state=state) for act in ACTS]
        yield list(pool.map(running.enter_context, starts))


def _load(
    act: Act,
    receiver: "Receiver",
    store: "RunStore",
    runs: ExitStack,
    lasts_s: float,
    seed: int | None,
) -> "tuple[RunFolder, Measured]":
    from ghlctl.cli.loading import measure_into, new_load_run
    from ghlctl.model.run import RunKind

    scenario = _scenario(act, lasts_s, seed)
    say(f"{act.profile}: {act.rate_per_s:g}/s for {lasts_s:g} s")
    run = new_load_run(RunKind.DEMO, act.profile, scenario, receiver)
    folder = store.create(run)
    runs.enter_context(kept(folder))
    return folder, measure_into(folder, run, scenario, receiver)


def _scenario(act: Act, lasts_s: float, seed: int | None) -> "Scenario":
    from ghlctl.cli.load_shape import USUAL_EVENTS
    from ghlctl.model.threshold import Threshold
    from ghlctl.scenario.scenario import Constant, Scenario

    return Scenario(
        name=act.profile,
        provider="ghl",
        events=USUAL_EVENTS,
        arrivals=(Constant(act.rate_per_s, WARMUP_S + lasts_s),),
        warmup_s=WARMUP_S,
        thresholds=tuple(Threshold(expr=text) for text in act.thresholds),
        seed=seed,
    )


def _written(document: "Document", store: "RunStore") -> "Path":
    """One HTML file for both runs, beside the folder of the second."""
    from ghlctl.report.catalogue import format_named

    path = store.root / f"{document.loads[-1].run.id}.html"
    path.write_text(format_named("html")(document), encoding="utf-8")
    return path


def _status(loads: "Sequence[Measured]") -> ExitStatus:
    """The gravest of both runs: not measured before failed before fine."""
    from ghlctl.cli.loading import status_of

    order = (ExitStatus.FINE, ExitStatus.FAILED, ExitStatus.NOT_MEASURED)
    return max((status_of(load) for load in loads), key=order.index)
