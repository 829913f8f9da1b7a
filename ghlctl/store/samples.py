"""Samples on disk: finished part files while a run goes on, one Parquet file when it has ended.

A Parquet file without its footer cannot be read, so a killed run must not be writing one: every
append is a whole file, named into place, and `close` makes one of them all. Where several workers
send, each has such a folder of its own within the run's, and what is said here holds for all.
"""

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ghlctl.errors import StoreError
from ghlctl.model.sample import NEVER, Samples

FILE = "samples.parquet"
PARTS = "samples.parts"
WORKERS = "samples.workers"
_PART = re.compile(r"part-[a-z0-9]{1,20}\.parquet")
_LABEL = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("delivery_id", pa.string()),
        ("event", _LABEL),
        ("intended_ns", pa.int64()),
        ("sent_ns", pa.int64()),
        ("first_byte_ns", pa.int64()),
        ("done_ns", pa.int64()),
        ("status", pa.int64()),
        ("error", _LABEL),
        ("attempt", pa.int64()),
        ("stage", pa.int64()),
        ("warmup", pa.bool_()),
        ("retry", pa.int64()),
        ("location", _LABEL),
    ]
)
_Column = np.ndarray[Any, np.dtype[Any]]
_LATER = ("retry", "location")
"""Columns that older runs lack."""


class SampleWriter:
    """Writes one run's samples into its folder; one writer per folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts = folder / PARTS
        self._parts.mkdir(parents=True, exist_ok=True)
        self._count = 0

    def append(self, samples: Samples) -> None:
        """Durable against a kill as soon as it returns; empty samples write nothing."""
        self.append_table(_to_table(samples))

    def append_table(self, table: pa.Table) -> None:
        """The same for a table of SCHEMA, which costs a third where samples come by the million."""
        if len(table) == 0:
            return
        self._count += 1
        _write_quickly(table, self._parts / f"part-{self._count:06d}.parquet")

    def close(self) -> None:
        """Make one file of the parts."""
        unite(self._folder)


def unite(folder: Path) -> None:
    """Make one file of what a run wrote; a kill in between leaves the whole file or all parts.

    What several workers wrote is put in the order of its intended times.
    """
    if not (folder / FILE).exists():
        table = _read_all(folder)
        several = workers_folder(folder).is_dir()
        _write(table.sort_by("intended_ns") if several else table, folder / FILE)
    shutil.rmtree(folder / PARTS, ignore_errors=True)
    shutil.rmtree(workers_folder(folder), ignore_errors=True)


def workers_folder(folder: Path) -> Path:
    """Holds a folder for each worker of the run in `folder`."""
    return folder / WORKERS


def part_name(name: str) -> bool:
    """Whether a finished part may be called so."""
    return _PART.fullmatch(name) is not None


def finished_parts(folder: Path) -> list[Path]:
    """The finished part files of one writer, oldest first."""
    return sorted(path for path in (folder / PARTS).glob("part-*") if part_name(path.name))


def rows_in(file: Path) -> int:
    """How many samples a file holds, 0 for what cannot be read."""
    try:
        return int(pq.read_metadata(file).num_rows)
    except (pa.ArrowException, OSError):
        return 0


def rows_kept(folder: Path) -> int:
    """How many samples are on disk, in one file or in parts."""
    return sum(rows_in(file) for file in _files(folder))


def write_after(folder: Path, rows: int, part: Path) -> bool:
    """Write what a run's whole file holds after its first `rows` as a part, if there is any."""
    table = pq.read_table(folder / FILE).slice(rows)
    if len(table):
        _write(table, part)
    return len(table) > 0


def read_samples(folder: Path) -> Samples:
    """All samples in the order of their intended times; raise StoreError where there are none."""
    samples = _from_table(_table(folder))
    return samples.where(np.argsort(samples.intended_ns, kind="stable"))


def read_timings(folder: Path) -> Samples:
    """What statistics need, of runs of any size: no delivery ids, statuses, first bytes, stages.

    Those columns hold nothing ("", 0, NEVER, 0) and take no memory; the others are read one by
    one.
    """
    at = _column(_table(folder, ["intended_ns"])["intended_ns"])
    order = np.argsort(at, kind="stable")
    empty = {"delivery_id": "", "status": 0, "first_byte_ns": NEVER, "stage": 0}
    held = {name: _everywhere(value, len(at)) for name, value in empty.items()}
    held["intended_ns"] = at[order]
    for name in SCHEMA.names:
        if name not in held and name in (table := _table(folder, [name])).schema.names:
            held[name] = _in_order(_column(table[name]), order)
    return Samples(**held)


def _in_order(values: _Column, order: _Column) -> _Column:
    """A column of one value everywhere, as most are of retries and of tenants, takes no memory."""
    if len(values) and not values.strides[0]:
        return values
    same = values.dtype.kind == "i" and bool(np.all(values == values[:1]))
    return _everywhere(values[0], len(values)) if same and len(values) else values[order]


def _everywhere(value: object, count: int) -> _Column:
    kind = np.object_ if isinstance(value, str) else np.int64
    return np.broadcast_to(np.array(value, dtype=kind), (count,))


def _table(folder: Path, names: list[str] | None = None) -> pa.Table:
    """The whole table, or those of the columns that the run has."""
    if not has_samples(folder):
        raise StoreError(
            f"run {folder.name} has no samples", "was it an audit, or did it not start"
        )
    try:
        schemas = [pq.read_schema(file) for file in _files(folder)]
        for schema in schemas:
            _check(schema, folder)
        held = set(schemas[0].names)
        return _read_all(folder, [name for name in names or SCHEMA.names if name in held])
    except (pa.ArrowException, OSError) as fault:
        raise StoreError(
            f"the samples of run {folder.name} cannot be read: {_first_line(fault)}",
            "measure again, or restore the file",
        ) from None


def _check(schema: pa.Schema, folder: Path) -> None:
    """The columns that a run of any version has, and those that this one has beside them."""
    known = [name for name in SCHEMA.names if name in schema.names or name not in _LATER]
    if [*schema.names] != known:
        raise StoreError(
            f"the samples of run {folder.name} have other columns than this version writes",
            "read it with the ghlctl version named in its run.json",
        )


def no_samples() -> Samples:
    """Those of a run that ended before its first."""
    return _from_table(SCHEMA.empty_table())


def has_samples(folder: Path) -> bool:
    return bool(_files(folder))


def _files(folder: Path) -> list[Path]:
    """What holds a run's samples: the whole file, else every part of every worker."""
    if (folder / FILE).exists():
        return [folder / FILE]
    workers = sorted(workers_folder(folder).glob("*"))
    return finished_parts(folder) + [file for worker in workers for file in _files(worker)]


def _read_all(folder: Path, names: list[str] | None = None) -> pa.Table:
    tables = [pq.read_table(file, columns=names) for file in _files(folder)]
    return pa.concat_tables(tables).unify_dictionaries() if tables else SCHEMA.empty_table()


def _write(table: pa.Table, path: Path, **options: Any) -> None:
    unfinished = path.with_suffix(".unfinished")
    labels = [field.name for field in SCHEMA if field.type == _LABEL]  # ids and times never repeat
    pq.write_table(table, unfinished, use_dictionary=labels, **{"compression": "zstd", **options})
    unfinished.replace(path)


def _write_quickly(table: pa.Table, path: Path) -> None:
    """While load runs: differences of the numbers are smaller than lz4, at half of its CPU."""
    numbers = [field.name for field in SCHEMA if field.type == pa.int64()]
    encoding = dict.fromkeys(numbers, "DELTA_BINARY_PACKED")
    _write(table, path, compression="none", write_statistics=False, column_encoding=encoding)


def _to_table(samples: Samples) -> pa.Table:
    columns = [pa.array(getattr(samples, field.name)) for field in SCHEMA]
    encoded = [
        column.dictionary_encode() if field.type == _LABEL else column.cast(field.type)
        for field, column in zip(SCHEMA, columns, strict=True)
    ]
    return pa.table(encoded, schema=SCHEMA)


def _from_table(table: pa.Table) -> Samples:
    return Samples(**{name: _column(table[name]) for name in table.schema.names})


def _column(values: pa.ChunkedArray) -> _Column:
    if not pa.types.is_dictionary(values.type):
        return np.asarray(values.to_numpy())
    # The few words once, and not a string per row.
    whole = values.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], values.type)
    words = np.array(whole.dictionary.to_pylist(), dtype=object)
    if len(words) == 1:
        return _everywhere(words[0], len(whole))
    return words[whole.indices.to_numpy()] if len(whole) else words[:0]


def _first_line(fault: Exception) -> str:
    return str(fault).splitlines()[0] if str(fault) else type(fault).__name__
