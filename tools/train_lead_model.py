"""Trains the lead-scoring model that the reference receiver ships, and says how good it is.

The leads are drawn from a process that is known, so the best possible ranking is known too: the
area under the curve of the true probabilities (Bayes). Every feature is a whole number, because
scikit-learn compares in 32-bit floats and whole numbers survive that.

    python tools/train_lead_model.py [FILE]        writes ghlctl/reference/lead_model.json
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from ghlctl.reference.leads import FEATURES
from ghlctl.reference.trees import Model, Tree, write_model

SEED = 20261122
TRAIN = 8_000
TEST = 20_000
TREES = 90
RATE = 0.1
DEPTH = 3


def draw(rows: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Features (rows x FEATURES), true probabilities of conversion, and what came of each lead."""
    random = np.random.default_rng(seed)
    columns = _columns(random, rows)
    features = np.column_stack([columns[name] for name in FEATURES])
    chance = 1 / (1 + np.exp(-_log_odds(columns)))
    return features, chance, random.random(rows) < chance


def _columns(random: np.random.Generator, rows: int) -> dict[str, NDArray[np.int64]]:
    def coin(share: float) -> NDArray[np.int64]:
        return (random.random(rows) < share).astype(np.int64)

    channels = np.array(["referral", "advert", "form", "other"])
    channel = random.choice(channels, rows, p=(0.12, 0.3, 0.38, 0.2))
    activity = random.gamma(0.7, 1.0, rows)
    families = np.array(["contact", "opportunity", "appointment"])
    family = random.choice(families, rows, p=(0.7, 0.15, 0.15))
    return {
        "has_email": coin(0.9),
        "free_mail": coin(0.6),
        "has_phone": coin(0.75),
        "has_company": coin(0.4),
        "has_website": coin(0.25),
        "tags": random.poisson(1.5, rows),
        "do_not_disturb": coin(0.08),
        "by_referral": (channel == "referral").astype(np.int64),
        "by_advert": (channel == "advert").astype(np.int64),
        "by_form": (channel == "form").astype(np.int64),
        "value_hundreds": (coin(0.4) * random.lognormal(3.5, 1.0, rows)).astype(np.int64),
        "age_days": random.exponential(60, rows).astype(np.int64),
        "is_opportunity": (family == "opportunity").astype(np.int64),
        "is_appointment": (family == "appointment").astype(np.int64),
        "visits": random.poisson(22 * activity),
        "opens": random.poisson(15 * activity),
        "clicks": random.poisson(7 * activity),
        "replies": random.poisson(3 * activity),
        "calls": random.poisson(1.5 * activity),
        "recency_h": random.exponential(160, rows).astype(np.int64),
    }


def _log_odds(c: dict[str, NDArray[np.int64]]) -> NDArray[np.float64]:
    reachable = c["has_email"] + c["has_phone"]
    return (
        -3.1
        + 0.35 * reachable
        - 0.3 * c["free_mail"]
        + 0.5 * c["has_company"]
        + 0.1 * np.minimum(c["tags"], 5)
        - 1.2 * c["do_not_disturb"]
        + 1.1 * c["by_referral"]
        - 0.3 * c["by_advert"]
        + 0.25 * np.log1p(c["value_hundreds"])
        - 0.006 * np.minimum(c["age_days"], 365)
        + 0.6 * c["is_opportunity"]
        + 0.9 * c["is_appointment"]
        + 0.02 * np.minimum(c["visits"], 60)
        + 0.25 * np.log1p(c["clicks"] + 4 * c["replies"])
        + 0.5 * c["has_phone"] * (c["calls"] > 2)  # noqa: PLR2004 - a coefficient of the process
        - 0.004 * np.minimum(c["recency_h"], 336)
    )


def train() -> GradientBoostingClassifier:
    features, _, converted = draw(TRAIN, SEED)
    model = GradientBoostingClassifier(
        n_estimators=TREES, learning_rate=RATE, max_depth=DEPTH, random_state=SEED
    )
    return model.fit(features, converted)


def exported(trained: GradientBoostingClassifier) -> Model:
    """The trained trees, with how well they rank leads they have not seen."""
    features, chance, converted = draw(TEST, SEED + 1)
    prior = trained.init_.class_prior_[1]
    return Model(
        version=1,
        features=FEATURES,
        base=float(np.log(prior / (1 - prior))),
        trees=tuple(_tree(estimator.tree_) for estimator in trained.estimators_[:, 0]),
        auc=round(float(roc_auc_score(converted, trained.predict_proba(features)[:, 1])), 4),
        bayes_auc=round(float(roc_auc_score(converted, chance)), 4),
    )


def _tree(fitted: Any) -> Tree:
    leaf = fitted.children_left < 0
    return Tree(
        feature=tuple(np.where(leaf, -1, fitted.feature).tolist()),
        threshold=tuple(np.where(leaf, 0.0, fitted.threshold).tolist()),
        left=tuple(np.where(leaf, 0, fitted.children_left).tolist()),
        right=tuple(np.where(leaf, 0, fitted.children_right).tolist()),
        value=tuple(np.where(leaf, RATE * fitted.value[:, 0, 0], 0.0).tolist()),
    )


def main() -> None:
    shipped = Path(__file__).parents[1] / "ghlctl" / "reference" / "lead_model.json"
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, default=shipped)
    file = parser.parse_args().file
    model = exported(train())
    write_model(model, file)
    print(f"{file}: {file.stat().st_size} bytes, AUC {model.auc} of at most {model.bayes_auc}")


if __name__ == "__main__":
    main()
