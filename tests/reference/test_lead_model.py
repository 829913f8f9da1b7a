"""The shipped model, against the library that trained it."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ghlctl.reference.leads import FEATURES
from ghlctl.reference.trees import SHIPPED, load_model, probability

TRAINING = Path(__file__).parents[2] / "tools" / "train_lead_model.py"


@pytest.fixture(scope="module")
def tool() -> dict[str, Any]:
    return runpy.run_path(str(TRAINING))


def test_training_again_gives_the_shipped_model_and_its_scores(tool: dict[str, Any]) -> None:
    trained = tool["train"]()
    again, shipped = tool["exported"](trained), load_model()
    assert again.features == shipped.features == FEATURES
    features, _, _ = tool["draw"](500, 99)
    theirs = trained.predict_proba(features)[:, 1]
    ours = [probability(shipped, row) for row in features.tolist()]
    assert np.max(np.abs(theirs - ours)) < 1e-9
    assert (again.auc, again.bayes_auc) == (shipped.auc, shipped.bayes_auc)


def test_the_model_ranks_nearly_as_well_as_anything_could() -> None:
    model = load_model()
    assert 0.75 < model.auc < model.bayes_auc
    assert model.bayes_auc - model.auc < 0.02


def test_the_artefact_is_small() -> None:
    assert SHIPPED.stat().st_size < 150_000
