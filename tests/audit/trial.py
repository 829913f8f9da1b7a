"""An audit of one receiver of the matrix, with an upstream and a log of its own."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from ghlctl.audit.driver import run_audit
from ghlctl.audit.receiver import AuditedReceiver, Means
from ghlctl.model.finding import AuditSummary, Outcome
from tests.audit.book import upstream_app
from tests.audit.conftest import KEYS, QUICK
from tests.audit.flaws.flaw import Flaw
from tests.audit.receivers import PATH, receiver, steps_for
from tests.audit.street import Street

SETTLED = (
    Outcome.PASS,
    Outcome.NOT_APPLICABLE,
    Outcome.INFORMATIVE,
    Outcome.MANUAL,
    Outcome.NOT_TESTED,  # what needs hooks or a second key has tests of its own
    Outcome.SKIP,  # a topic that is not asked about
)
AT_ONCE = 4


def name_of(flaw: Flaw) -> str:
    return f"{flaw.name}-{flaw.scheme}"


def tried(street: Street, folder: Path, flaw: Flaw, scope: frozenset[str]) -> AuditSummary:
    """`scope` empty: everything. Nobody else writes to its upstream, so that no effect is open."""
    upstream = street.app(upstream_app())
    log = folder / f"{name_of(flaw)}.log"
    log.touch(mode=0o640)
    steps = replace(steps_for(flaw.scheme, KEYS[flaw.scheme], upstream), log=log)
    audited = AuditedReceiver(
        street.app(receiver(flaw.make(steps))) + PATH,
        scheme=flaw.scheme,
        key=KEYS[flaw.scheme],
        upstream_url=upstream,
        timeout_s=5.0,
        means=Means(logs=(log,), intrusive=True),
    )
    return run_audit(audited, scope=scope, bounds=QUICK)


def all_tried(
    street: Street, folder: Path, scopes: Iterable[tuple[Flaw, frozenset[str]]]
) -> Mapping[str, AuditSummary]:
    """By name. Side by side, because most of an audit is waiting."""

    def one(pair: tuple[Flaw, frozenset[str]]) -> AuditSummary:
        return tried(street, folder, *pair)

    pairs = list(scopes)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        return {name_of(f): s for (f, _), s in zip(pairs, pool.map(one, pairs), strict=True)}


def tripped(summary: AuditSummary, flaw: Flaw) -> dict[str, Outcome]:
    """What the flaw is held against: all that did not pass, but for what it trips by chance."""
    found = {one.id: one.outcome for one in summary.checks if one.outcome not in SETTLED}
    return {check: found[check] for check in found if check not in flaw.by_chance}
