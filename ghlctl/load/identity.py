"""Delivery ids: random UUIDs as text, made many at a time, because one by one they are dear."""

import os
from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
import numpy.typing as npt

from ghlctl.model.trace import traceparent

_BATCH = 512
_BYTES = 16
ID_BYTES = 36
_TRACE = traceparent("f" * 32).encode()
_TRACE_ID, _SPAN_ID, _OWN_DIGITS = slice(3, 35), slice(36, 50), slice(16, 30)
_GROUPS = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))


def delivery_ids() -> Iterator[bytes]:
    """UUIDs of version 4 without end, in ASCII."""
    return (name for name, _ in identities())


def identities() -> Iterator[tuple[bytes, bytes]]:
    """Such ids, and with each the traceparent of its first attempt, as `model.trace` has it."""
    return chain.from_iterable(_batches())


def _batches() -> Iterator[Iterable[tuple[bytes, bytes]]]:
    while True:
        yield zip(*_texts(os.urandom(_BATCH * _BYTES)), strict=True)


def _texts(random: bytes) -> tuple[list[bytes], list[bytes]]:
    numbers = np.frombuffer(random, dtype=np.uint8).reshape(-1, _BYTES).copy()
    numbers[:, 6] = numbers[:, 6] & 0x0F | 0x40  # the version
    numbers[:, 8] = numbers[:, 8] & 0x3F | 0x80  # the variant
    digits = np.frombuffer(numbers.tobytes().hex().encode(), dtype=np.uint8).reshape(-1, 32)
    texts = np.full((len(numbers), ID_BYTES), ord("-"), dtype=np.uint8)
    for dashes, (begin, end) in enumerate(_GROUPS):
        texts[:, begin + dashes : end + dashes] = digits[:, begin:end]
    traces = np.tile(np.frombuffer(_TRACE, dtype=np.uint8), (len(numbers), 1))
    traces[:, _TRACE_ID] = digits
    traces[:, _SPAN_ID] = digits[:, _OWN_DIGITS]
    return _bytes_of(texts), _bytes_of(traces)


def _bytes_of(rows: npt.NDArray[np.uint8]) -> list[bytes]:
    made: list[bytes] = rows.view(f"S{rows.shape[1]}").ravel().tolist()
    return made
