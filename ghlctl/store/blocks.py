"""Blocks on disk: one row per block and event, with histograms as lists of bins and counts."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ghlctl.errors import StoreError
from ghlctl.model.block import Block, Histogram

FILE = "blocks.parquet"
_HISTOGRAM = pa.struct(
    [("bins", pa.list_(pa.int64())), ("counts", pa.list_(pa.int64())), ("sum_ns", pa.int64())]
)
SCHEMA = pa.schema(
    [
        ("number", pa.int64()),
        ("start_s", pa.float64()),
        ("duration_s", pa.float64()),
        ("event", pa.string()),
        ("planned", pa.int64()),
        ("sent", pa.int64()),
        ("acknowledged", pa.int64()),
        ("errors", pa.map_(pa.string(), pa.int64())),
        ("response", _HISTOGRAM),
        ("service", _HISTOGRAM),
        ("end_to_end", _HISTOGRAM),
        ("receiver_cpu_s", pa.float64()),
        ("generator_cpu_s", pa.float64()),
    ]
)


def write_blocks(folder: Path, blocks: Iterable[Block]) -> None:
    """Whole or not at all."""
    rows = [_row(block) for block in blocks]
    unfinished = folder / f"{FILE}.unfinished"
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), unfinished, compression="zstd")
    unfinished.replace(folder / FILE)


def read_blocks(folder: Path) -> tuple[Block, ...] | None:
    """None of a run that has no such file, as older versions wrote none; StoreError if damaged."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as fault:
        said = str(fault).partition("\n")[0]
        raise StoreError(
            f"the blocks of run {folder.name} cannot be read: {said}",
            f"delete {FILE}: blocks are made again from the samples",
        ) from None
    if table.schema.names != SCHEMA.names:
        raise StoreError(
            f"the blocks of run {folder.name} have other columns than this version writes",
            f"delete {FILE}: blocks are made again from the samples",
        )
    return tuple(_block(row) for row in table.to_pylist())


def _row(block: Block) -> dict[str, Any]:
    row = {name: getattr(block, name) for name in SCHEMA.names}
    row["errors"] = list(block.errors.items())
    for name in ("response", "service", "end_to_end"):
        held: Histogram | None = row[name]
        row[name] = held and {"bins": held.bins, "counts": held.counts, "sum_ns": held.sum_ns}
    return row


def _block(row: dict[str, Any]) -> Block:
    row["errors"] = dict(row["errors"])
    for name in ("response", "service", "end_to_end"):
        row[name] = row[name] and _histogram(row[name])
    return Block(**row)


def _histogram(held: dict[str, Any]) -> Histogram:
    bins, counts = (np.array(held[name], dtype=np.int64) for name in ("bins", "counts"))
    return Histogram(bins, counts, held["sum_ns"])
