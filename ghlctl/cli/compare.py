"""ghlctl compare: before and after, from stored runs or live."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.cli import options
from ghlctl.cli.output import Format, as_json, emit, require_writable
from ghlctl.errors import ExitStatus, UsageError

if TYPE_CHECKING:
    from ghlctl.analysis.pair import Margins
    from ghlctl.model.estimate import CompareSummary
    from ghlctl.store.runs import RunFolder, RunStore

_LIVE = "Live"


class LiveMode(StrEnum):
    """Those of model.estimate.Mode that load anything; that module is too heavy for --help."""

    DUET = "duet"
    ABBA = "abba"


def compare(
    baseline: Annotated[
        str, typer.Argument(help="The run compared against; with --live a URL or a profile.")
    ],
    candidate: Annotated[str, typer.Argument(help="The run, URL or profile compared.")],
    live: Annotated[
        bool,
        typer.Option("--live", help="Load both now; profiles are started.", rich_help_panel=_LIVE),
    ] = False,
    mode: Annotated[
        LiveMode | None,
        typer.Option(
            "--mode",
            help="duet: at once, ratios only. abba: in turns.",
            show_default="duet",
            rich_help_panel=_LIVE,
        ),
    ] = None,
    pairs: Annotated[
        int, typer.Option("--pairs", help="How many pairs of blocks.", rich_help_panel=_LIVE)
    ] = 24,
    block: Annotated[
        str,
        typer.Option("--block", metavar="TIME", help="A block's length.", rich_help_panel=_LIVE),
    ] = "4s",
    control: Annotated[
        bool,
        typer.Option(
            "--control", help="Compare A with itself too: the noise.", rich_help_panel=_LIVE
        ),
    ] = False,
    switches: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="SWITCH=VALUE",
            help="Turn one switch of an embedded B.",
            rich_help_panel=_LIVE,
        ),
    ] = None,
    upstream: Annotated[
        list[str] | None,
        typer.Option(
            "--upstream", metavar="URL", help="A's upstream, then B's.", rich_help_panel=_LIVE
        ),
    ] = None,
    provider: options.Provider = None,
    scheme: options.Scheme = None,
    key: options.Key = None,
    header: options.Header = None,
    authorized: options.Authorized = False,
    scenario: options.ScenarioFile = None,
    rate: options.Rate = None,
    seed: options.Seed = None,
    margin: Annotated[
        float,
        typer.Option("--margin", metavar="PERCENT", min=0, help="A change that does not matter."),
    ] = 3.0,
    margin_ms: Annotated[
        float,
        typer.Option("--margin-ms", metavar="MS", min=0, help="Nor does one below; the larger."),
    ] = 5.0,
    reports: options.Reports = None,
    config: options.ConfigFile = None,
    strict: options.Strict = False,
    form: options.OutputFormat = Format.TEXT,
    output: options.Output = "-",
) -> ExitStatus:
    """Compare two stored runs, or two receivers live: intervals over blocks, and a verdict.

    Live is surer: both arms meet the same machine at the same time or in turns.
    """
    from ghlctl.cli.settings import Flags, load_config, store_of

    require_writable(output)
    margins = _margins(margin, margin_ms)
    settings = load_config(config)
    store = store_of(settings, reports)
    if not live:
        _refuse_live_flags(
            {"--mode": mode, "--control": control, "--set": switches, "--upstream": upstream}
        )
        result = compare_runs(store.find(baseline), store.find(candidate), store, margins)
        _say(result, form, output)
        return exit_of(result, strict=strict)
    from ghlctl.cli.arms import LiveFlags
    from ghlctl.cli.live import compare_live
    from ghlctl.cli.load_shape import Shape
    from ghlctl.model.estimate import Mode
    from ghlctl.scenario.units import duration_s

    flags = LiveFlags(
        baseline=baseline,
        candidate=candidate,
        mode=Mode((mode or LiveMode.DUET).value),
        pairs=pairs,
        block_s=duration_s(block),
        control=control,
        switches=switches or (),
        upstreams=upstream or (),
        receiver=Flags(None, provider, scheme, key, None, header, authorized),
        shape=Shape(scenario, rate=rate, seed=seed),
    )
    found = compare_live(flags, settings, store, margins)
    _say(found.summary, form, output)
    return ExitStatus.INTERRUPTED if found.interrupted else exit_of(found.summary, strict=strict)


def compare_runs(
    baseline: "RunFolder",
    candidate: "RunFolder",
    store: "RunStore | None" = None,
    margins: "Margins | None" = None,
) -> "CompareSummary":
    """Compare two runs' summaries; raise StoreError where one measured no load.

    `store`: where to look for a noise floor that was measured on the same machine.
    """
    from ghlctl.analysis.comparison import compare as compare_summaries
    from ghlctl.analysis.comparison import sequential
    from ghlctl.cli.floors import measured_floors
    from ghlctl.cli.shapes import shapes_of
    from ghlctl.cli.stored import load_of
    from ghlctl.store.environment import same_machine

    one, other = baseline.read_run(), candidate.read_run()
    floors = measured_floors(store, one, other) if store else None
    return compare_summaries(
        load_of(baseline),
        load_of(candidate),
        environments_differ=not same_machine(one.environment, other.environment),
        method=sequential(margins, floors),
        shapes=shapes_of(baseline, candidate),
    )


def exit_of(result: "CompareSummary", *, strict: bool) -> ExitStatus:
    """Worse fails; unclear fails only where the caller asked for strictness.

    A live comparison whose load ended early was not measured.
    """
    from ghlctl.model.estimate import Verdict

    if result.run and result.state != "complete":
        return ExitStatus.NOT_MEASURED
    match result.verdict:
        case Verdict.WORSE:
            return ExitStatus.FAILED
        case Verdict.UNCLEAR if strict:
            return ExitStatus.INCONCLUSIVE
        case _:
            return ExitStatus.FINE


def _say(result: "CompareSummary", form: Format, output: str) -> None:
    from ghlctl.report.text import render_comparison

    emit(as_json(result) if form is Format.JSON else render_comparison(result), output)


def _margins(percent: float, ms: float) -> "Margins":
    import math

    from ghlctl.analysis.pair import Margins

    if not (math.isfinite(percent) and math.isfinite(ms)) or percent + ms <= 0:
        raise UsageError(
            "a margin is a finite number above zero",
            "without one nothing could ever be shown to be the same",
        )
    return Margins(share=percent / 100, ms=ms)


def _refuse_live_flags(given: dict[str, object]) -> None:
    for flag, value in given.items():
        if value:
            raise UsageError(
                f"{flag} is for receivers, and stored runs are compared",
                "add --live, or leave it out",
            )
