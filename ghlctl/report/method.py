"""What was measured, on what, and how: the small print that makes numbers repeatable."""

from ghlctl.report import numbers
from ghlctl.report.document import Document, LoadView
from ghlctl.report.table import Table


def run_table(document: Document) -> Table:
    """Everything needed to do the same again, one column per load."""
    loads = document.loads
    columns = tuple(zip(*(_run_cells(load) for load in loads), strict=True)) if loads else ()
    return Table(
        "Runs and environment",
        ("", *(load.label for load in loads)),
        tuple(
            (name, *(numbers.UNKNOWN if cell == "" else cell for cell in cells))
            for name, cells in zip(_RUN_ROWS, columns, strict=True)
        )
        if columns
        else (),
        words=1 + len(loads),
    )


def sentences(document: Document) -> tuple[str, ...]:
    """How the numbers came about, as far as this document holds such numbers."""
    effects = any(load.summary.effects for load in document.loads)
    said = (
        *(_LOAD_METHOD if document.loads else ()),
        *([_EFFECTS_METHOD] if effects else ()),
        *([_COMPARISON_METHOD] if document.comparison else ()),
        *([_AUDIT_METHOD] if document.audits else ()),
        *document.notes,
    )
    return tuple(" ".join(sentence.split()) for sentence in said)


_RUN_ROWS = (
    "run",
    "state",
    "receiver",
    "scheme",
    "scenario",
    "seed",
    "started",
    "counted time",
    "planned",
    "sent",
    "dropped",
    "generator",
    "receiver waited for CPU",
    "blocks",
    "machine",
    "processor",
    "memory",
    "load average at start",
    "versions",
)

_LOAD_METHOD = (
    """Arrivals follow the scenario's schedule and ignore replies where the scenario is an open
    model. Response time runs from the intended moment of an arrival to the end of its reply, so
    that a stalled receiver shows; service time runs from the moment it was really sent; lateness
    is the generator's own delay between the two.""",
    f"""Warm-up arrivals are measured but not counted. A percentile without enough samples behind
    it is left out and shown as {numbers.UNKNOWN}.""",
)

_EFFECTS_METHOD = """Effects were read from the upstream's ledger and matched with the deliveries
    sent: lost means acknowledged without any effect, duplicated means an operation applied more
    than once for one delivery. End-to-end time runs from the intended moment to the effect."""

_COMPARISON_METHOD = """The unit of inference of the comparison is the block of load, not the
    request, because requests that queue behind each other are not independent. “Same” is said
    only where an equivalence test shows it; what is neither shown nor excluded is “unclear”."""

_AUDIT_METHOD = """An audit sends genuine deliveries around its forgeries; without an accepted
    genuine delivery there is no score. Checks that could not be judged count as failed in the
    lower end of the score's interval and as passed in its upper end."""


def _run_cells(load: LoadView) -> tuple[str, ...]:
    run, summary, machine = load.run, load.summary, load.run.environment
    generator, cost = summary.generator, summary.receiver_cost
    workers = "worker" if generator.workers == 1 else "workers"
    pace = "kept up" if generator.keeping_up else "did not keep up"
    return (
        run.id,
        str(run.state),
        run.receiver,
        run.scheme,
        run.name,
        str(run.seed),
        run.started_at,
        numbers.seconds(summary.duration_s),
        f"{numbers.count(summary.planned)} at {numbers.rate(summary.planned_per_s)}",
        numbers.count(summary.sent),
        numbers.count(summary.dropped),
        f"{pace}; {generator.workers} {workers}, {numbers.seconds(generator.cpu_s)} CPU",
        numbers.seconds(cost.run_queue_wait_s if cost else None),
        _blocks(load),
        f"{machine.system} {machine.machine}".strip(),
        f"{machine.cpu}, {machine.cores} {'core' if machine.cores == 1 else 'cores'}",
        numbers.size(machine.memory_bytes),
        numbers.plain(machine.load_1m),
        f"Python {machine.python}, ghlctl {run.tool_version or numbers.UNKNOWN}",
    )


def _blocks(load: LoadView) -> str:
    blocks = load.summary.blocks
    if not blocks:
        return "none"
    return f"{len(blocks)} of {numbers.seconds(blocks[0].duration_s)}"
