"""Histograms of stored runs, for what a comparison says of whole distributions."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ghlctl.analysis.pair import Shapes
    from ghlctl.model.block import Block, Histogram
    from ghlctl.store.runs import RunFolder


def shapes_of(baseline: "RunFolder", candidate: "RunFolder") -> "Shapes":
    """The times of both by name, as far as both have them."""
    before, after = _histograms(baseline), _histograms(candidate)
    return {name: (before[name], after[name]) for name in before.keys() & after.keys()}


def stored_blocks(folder: "RunFolder") -> "tuple[Block, ...]":
    """As written; made from the samples of a run of an older version, and none without samples."""
    from ghlctl.store.blocks import read_blocks
    from ghlctl.store.samples import has_samples

    blocks = read_blocks(folder.path)
    if blocks is None and has_samples(folder.path):
        return _made(folder)
    return blocks or ()


def _histograms(folder: "RunFolder") -> "dict[str, Histogram]":
    from ghlctl.stats.histogram import merge_all

    blocks = stored_blocks(folder)
    ends = [block.end_to_end for block in blocks if block.end_to_end is not None]
    found = {
        "response_time": merge_all(block.response for block in blocks),
        "service_time": merge_all(block.service for block in blocks),
        "end_to_end": merge_all(ends),
    }
    return {name: held for name, held in found.items() if held.total}


def _made(folder: "RunFolder") -> "tuple[Block, ...]":
    from ghlctl.analysis.blocks import blocks_of
    from ghlctl.analysis.effects import end_to_end_of
    from ghlctl.analysis.summary import counted_part, cuts_of
    from ghlctl.cli.stored import ended_run
    from ghlctl.load.measure import BLOCK_S
    from ghlctl.store.effects import read_effects
    from ghlctl.store.samples import read_samples, read_timings

    effects = read_effects(folder.path)
    origin = ended_run(folder).origin_unix_ns
    known = bool(effects and origin)
    samples = read_samples(folder.path) if known else read_timings(folder.path)
    end_to_end = end_to_end_of(samples, effects, origin) if known else None
    counted = counted_part(samples)
    return tuple(blocks_of(counted, cuts_of(counted, BLOCK_S), end_to_end))
