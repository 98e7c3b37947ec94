"""A model as the registry knows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["ModelRecord"]


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """One registered model; mappings and sequences hold plain JSON values.

    Attributes:
        id: `m-` and 10 characters: digest of recipe, data and code version.
        name: Name that a person gave, or the algorithm's.
        version: Counts the models of this name and symbol from 1.
        metrics: `validation` (final fit) and `walk_forward` (all out-of-sample predictions): see
            `quantmill.models.metrics` and `classification_metrics`. The holdout is never scored.
        folds: Per walk-forward refit: `fold`, sessions `train_first`, `train_last`, `test_first`, `test_last`,
            counts, `abs_e_quantiles` over its training part (`plain`, `vol_normalized`: p50, p80, p90, p97), `metrics`,
            `fit` (what fitting decided: parameters found, number of trees, features dropped).
        importance: Features of the final fit by weight, one ranking per kind, that of SHAP values first: see
            `quantmill.models.importance`.
        warnings: What a person must know, one sentence each.
        report: Shapes, types, rows lost at each step, parts, seeds, library versions.
        prediction_check: A few rows with the predictions that a loaded artifact must repeat.
        snapshot: Snapshot of the lake that the data was read from.
        artifact: File name inside the home's `models` folder.
        sha256: Of the artifact's bytes.
    """

    id: str
    name: str
    version: int
    symbol: str
    algorithm: str
    algorithm_kind: str
    params: Mapping[str, Any]
    features: tuple[str, ...]
    feature_set: str
    feature_version: str
    interval: str
    hours: str
    target: str
    horizon_bars: int
    kind: str
    seed: int
    recipe: Mapping[str, Any]
    metrics: Mapping[str, Any]
    folds: tuple[Mapping[str, Any], ...]
    importance: tuple[Mapping[str, Any], ...]
    warnings: tuple[str, ...]
    report: Mapping[str, Any]
    prediction_check: Mapping[str, Any]
    snapshot: int
    dataset_digest: str
    input_digest: str
    code_version: str
    is_synthetic: bool
    artifact: str
    sha256: str
    parent_id: str | None
    group_id: str | None
    created_us: int
