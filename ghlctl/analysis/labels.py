"""Columns of few distinct words, as numbers."""

import numpy as np

from ghlctl.model.sample import Ints, Texts


def numbered(texts: Texts) -> tuple[Ints, list[str]]:
    """Each text as its place among the distinct ones, which are sorted."""
    listed = texts.tolist()
    names = sorted(set(listed))
    place = {name: number for number, name in enumerate(names)}
    # A dictionary in C's own loop, as numpy would sort a million Python strings.
    return np.fromiter(map(place.__getitem__, listed), np.int64, len(listed)), names
