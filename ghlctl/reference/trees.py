"""Gradient-boosted trees without the library that trained them."""

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec

SHIPPED = Path(__file__).with_name("lead_model.json")


class Tree(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nodes by number, the root first; a leaf has feature -1 and the value it adds."""

    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[float, ...]


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`base` is in log-odds. `auc` was measured on leads that the training never saw."""

    version: int
    features: tuple[str, ...]
    base: float
    trees: tuple[Tree, ...]
    auc: float
    bayes_auc: float


def load_model(path: Path = SHIPPED) -> Model:
    return msgspec.json.decode(path.read_bytes(), type=Model)


def write_model(model: Model, path: Path) -> None:
    path.write_bytes(msgspec.json.encode(model) + b"\n")


def probability(model: Model, row: Sequence[int]) -> float:
    """The share of such leads that converts; `row` in the order of `model.features`."""
    total = model.base
    for tree in model.trees:
        total += tree.value[_leaf(tree, row)]
    return 1 / (1 + math.exp(-total))


def _leaf(tree: Tree, row: Sequence[int]) -> int:
    node = 0
    while (feature := tree.feature[node]) >= 0:
        node = tree.left[node] if row[feature] <= tree.threshold[node] else tree.right[node]
    return node
