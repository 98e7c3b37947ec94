"""The steps before a model: selection by name, imputation, scaling or encoding by declared kind."""

# pyright: basic
# scikit-learn ships no types; it is touched here, in `sklearn_adapter`, and in the linear and forest families.

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, RobustScaler, StandardScaler

from quantmill.core.arrays import Floats
from quantmill.models.learning import EncodedColumn, Intake
from quantmill.models.pipeline import FitSettings

__all__ = ["STEPS", "Preprocessing", "feature_frame", "fit_preprocessing", "linear_selection"]

STEPS: Final = ("select", "impute", "scale")
_LABEL: Final = "category"
_SCALERS: Final[dict[str, Callable[[], Any]]] = {
    "robust": RobustScaler,
    "standard": StandardScaler,
    "passthrough": lambda: "passthrough",
}
# A linear model takes the distance, which says more than the side it lies on.
_DISTANCES: Final = {"regime_sma": "regime_sma_dist"}


@dataclass(frozen=True)
class Preprocessing:
    """Fitted steps with the columns that they put out."""

    steps: Pipeline
    columns: tuple[EncodedColumn, ...]

    def encode(self, x: Floats, names: Sequence[str]) -> Floats:
        """Raw feature rows as the model sees them, shape (n_rows, n_columns)."""
        return np.asarray(self.steps.transform(feature_frame(x, names)), dtype=np.float64)


def fit_preprocessing(
    settings: FitSettings, x: Floats, selected: Sequence[str], *, takes: Intake
) -> Preprocessing:
    """Fit the steps on raw feature rows; labels such as regimes come out behind all numbers.

    Where a model takes no missing values they become the training median; that they were missing is no
    feature of its own: nearly all are warm-up at the start of history or a session's first minute, which the
    time features already tell. A missing label is a label of its own. A column without any value is held at 0.

    Args:
        settings: All columns with their declared scaling.
        x: Raw training features, shape (n_rows, n_features).
        selected: The columns that the model gets.
        takes: `scaled`: imputed and scaled, labels one-hot; `complete`: imputed; `raw`: with their missing
            values. In the last two, labels stay numbers unless `regime_encoding` is `onehot`.
    """
    declared = dict(zip(settings.names, settings.scaling, strict=True))
    numbers = [name for name in selected if declared[name] != _LABEL]
    labels = [name for name in selected if declared[name] == _LABEL]
    label_at = list(range(len(numbers), len(numbers) + len(labels)))
    select = ColumnTransformer([("by_name", "passthrough", [*numbers, *labels])])
    impute: Any = "passthrough"
    if takes != "raw":
        median = SimpleImputer(strategy="median", keep_empty_features=True)
        impute = _blocks([("median", median, list(range(len(numbers)))), (_LABEL, "passthrough", label_at)])
    by_kind = {
        kind: [at for at, name in enumerate(numbers) if takes != "scaled" or declared[name] == kind]
        for kind in (_SCALERS if takes == "scaled" else ("passthrough",))
    }
    encoding = "onehot" if takes == "scaled" else settings.parameters.get("regime_encoding", "ordinal")
    scale: Any = "passthrough"
    if takes == "scaled" or (encoding == "onehot" and labels):
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        blocks = [(kind, _SCALERS[kind](), columns) for kind, columns in by_kind.items()]
        scale = _blocks([*blocks, (_LABEL, encoder, label_at)])
    steps = Pipeline(list(zip(STEPS, (select, impute, scale), strict=True)))
    steps.fit(feature_frame(x, settings.names))
    position = {name: at for at, name in enumerate(settings.names)}
    in_order = [numbers[at] for columns in by_kind.values() for at in columns]
    return Preprocessing(
        steps,
        (
            *(EncodedColumn(position[name], name) for name in in_order),
            *_label_columns(steps, labels, position, is_native=encoding == "category"),
        ),
    )


def linear_selection(names: Sequence[str]) -> tuple[str, ...]:
    """The features that a linear model takes: those whose distance is not among them."""
    return tuple(name for name in names if _DISTANCES.get(name) not in names)


def feature_frame(x: Floats, names: Sequence[str]) -> pl.DataFrame:
    """Raw feature rows under their names."""
    return pl.DataFrame(x, schema=list(names), orient="row")


def _blocks(blocks: Sequence[tuple[str, Any, list[int]]]) -> ColumnTransformer:
    return ColumnTransformer([block for block in blocks if block[2]], sparse_threshold=0.0)


def _label_columns(
    steps: Pipeline, labels: Sequence[str], position: dict[str, int], *, is_native: bool
) -> list[EncodedColumn]:
    scale: Any = steps[-1]
    encoder = None if scale == "passthrough" else scale.named_transformers_.get(_LABEL)
    if encoder is None:
        return [EncodedColumn(position[name], name, is_category=is_native) for name in labels]
    return [
        EncodedColumn(position[name], f"{name}={'missing' if np.isnan(value) else int(value)}")
        for name, values in zip(labels, encoder.categories_, strict=True)
        for value in values
    ]
