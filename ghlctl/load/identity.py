"""Delivery ids: random UUIDs as text, made many at a time, because one by one they are dear."""

import os
from collections.abc import Iterator
from itertools import chain

import numpy as np

_BATCH = 512
_BYTES = 16
ID_BYTES = 36
_GROUPS = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))


def delivery_ids() -> Iterator[bytes]:
    """UUIDs of version 4 without end, in ASCII."""
    return chain.from_iterable(_batches())


def _batches() -> Iterator[list[bytes]]:
    while True:
        yield _texts(os.urandom(_BATCH * _BYTES))


def _texts(random: bytes) -> list[bytes]:
    numbers = np.frombuffer(random, dtype=np.uint8).reshape(-1, _BYTES).copy()
    numbers[:, 6] = numbers[:, 6] & 0x0F | 0x40  # the version
    numbers[:, 8] = numbers[:, 8] & 0x3F | 0x80  # the variant
    digits = np.frombuffer(numbers.tobytes().hex().encode(), dtype=np.uint8).reshape(-1, 32)
    texts = np.full((len(numbers), ID_BYTES), ord("-"), dtype=np.uint8)
    for dashes, (begin, end) in enumerate(_GROUPS):
        texts[:, begin + dashes : end + dashes] = digits[:, begin:end]
    made: list[bytes] = texts.view(f"S{ID_BYTES}").ravel().tolist()
    return made
