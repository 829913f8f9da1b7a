"""Effects on disk, one row each."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ghlctl.model.effect import Effect

FILE = "effects.parquet"
SCHEMA = pa.schema(
    [
        ("delivery_id", pa.string()),
        ("operation", pa.string()),
        ("resource_id", pa.string()),
        ("at_unix_ns", pa.int64()),
    ]
)


def write_effects(folder: Path, effects: Sequence[Effect]) -> None:
    columns = [pa.array([getattr(effect, name) for effect in effects]) for name in SCHEMA.names]
    table = pa.table([c.cast(f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)
    pq.write_table(table, folder / FILE, compression="zstd")


def read_effects(folder: Path) -> list[Effect]:
    """Empty where the run matched no effects."""
    path = folder / FILE
    if not path.exists():
        return []
    return [Effect(**row) for row in pq.read_table(path).to_pylist()]
