"""Blocks on disk: one row per block and event, with histograms as lists of bins and counts."""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ghlctl.errors import StoreError
from ghlctl.model.block import Block, Histogram
from ghlctl.stats.histogram import EMPTY

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
    rows = list(blocks)
    columns = [_column(rows, field) for field in SCHEMA]
    unfinished = folder / f"{FILE}.unfinished"
    pq.write_table(pa.table(columns, schema=SCHEMA), unfinished, compression="zstd")
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
    return _blocks(table)


def _column(blocks: list[Block], field: pa.Field) -> pa.Array:
    values = [getattr(block, field.name) for block in blocks]
    if field.type == _HISTOGRAM:
        return _histograms(values)
    if field.name == "errors":
        values = [list(each.items()) for each in values]
    return pa.array(values, field.type)


def _histograms(held: list[Histogram | None]) -> pa.Array:
    """Arrow's own arrays, as there are thousands of bins in each of thousands of blocks."""
    full = [each or EMPTY for each in held]
    offsets = np.cumsum([0, *(len(each.bins) for each in full)]).astype(np.int32)
    lists = [
        pa.ListArray.from_arrays(offsets, np.concatenate([np.zeros(0, np.int64), *columns]))
        for columns in ([each.bins for each in full], [each.counts for each in full])
    ]
    sums = pa.array([each.sum_ns for each in full], pa.int64())
    missing = pa.array([each is None for each in held], pa.bool_())
    return pa.StructArray.from_arrays([*lists, sums], fields=list(_HISTOGRAM), mask=missing)


def _blocks(table: pa.Table) -> tuple[Block, ...]:
    histograms = ("response", "service", "end_to_end")
    plain = table.drop_columns(list(histograms)).to_pylist()
    held = [_read_histograms(table[name].combine_chunks()) for name in histograms]
    return tuple(
        Block(
            **(row | {"errors": dict(row["errors"])}), **dict(zip(histograms, three, strict=True))
        )
        for row, *three in zip(plain, *held, strict=True)
    )


def _read_histograms(column: pa.StructArray) -> list[Histogram | None]:
    known = column.is_valid().to_numpy(zero_copy_only=False)
    bins, counts = (column.field(name) for name in ("bins", "counts"))
    offsets = bins.offsets.to_numpy()
    every_bin, every_count = bins.values.to_numpy(), counts.values.to_numpy()
    sums = column.field("sum_ns").to_pylist()
    return [
        Histogram(every_bin[first:last], every_count[first:last], sums[k]) if known[k] else None
        for k, (first, last) in enumerate(pairwise(offsets.tolist()))
    ]
