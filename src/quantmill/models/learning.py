"""What an algorithm is given to learn from, and what it gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from quantmill.core.arrays import Floats, Ints
from quantmill.datasets.folds import Fold, Rows
from quantmill.datasets.inner_folds import inner_folds, stopping_fold
from quantmill.models.parameters import ParameterValue

__all__ = ["EncodedColumn", "Family", "Intake", "Learned", "Lesson", "LibraryModel", "TrainingRows"]

LibraryModel: TypeAlias = Any
"""A fitted model of scikit-learn, XGBoost or LightGBM, none of which has complete types."""

Intake = Literal["scaled", "complete", "raw"]
"""What a model sees: imputed and scaled numbers, imputed ones, or features as they are."""


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """The labeled rows of one training part: raw features, target, and where each row stands in time."""

    x: Floats
    y: Floats
    rows: Rows
    embargo_bars: int

    def take(self, at: Ints) -> "TrainingRows":
        """The rows at these positions, ascending."""
        return TrainingRows(self.x[at], self.y[at], self.rows.take(at), self.embargo_bars)

    def held_back(self) -> "tuple[TrainingRows, TrainingRows]":
        """Rows to fit on, and the later ones that tell when to stop."""
        fold = stopping_fold(self.rows, embargo_bars=self.embargo_bars)
        return self.take(fold.train), self.take(fold.test)

    def inner_folds(self) -> tuple[Fold, ...]:
        """Purged folds in time order that compare parameters."""
        return inner_folds(self.rows, embargo_bars=self.embargo_bars)


@dataclass(frozen=True, slots=True)
class EncodedColumn:
    """One column that a model sees: the feature it is made of, by position, and its name, such as `regime_vix=2`."""

    feature: int
    label: str
    is_category: bool = False


@dataclass(frozen=True, slots=True)
class Lesson:
    """Encoded rows to fit on, shape (n_rows, n_columns), and those that tell when to stop, if any."""

    x: Floats
    y: Floats
    parameters: Mapping[str, ParameterValue]
    columns: tuple[EncodedColumn, ...]
    seed: int
    stop_x: Floats | None = None
    stop_y: Floats | None = None
    folds: tuple[Fold, ...] = ()

    @property
    def categories(self) -> list[int]:
        """Positions of the columns that hold labels, not quantities."""
        return [at for at, column in enumerate(self.columns) if column.is_category]


@dataclass(frozen=True, slots=True)
class Learned:
    """A fitted model of some library, what fitting decided, and what a person should know."""

    model: LibraryModel
    details: dict[str, Any] = field(default_factory=dict[str, Any])
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """How one library's models are fitted and read.

    Attributes:
        fit: Fits a model.
        contributions: What each column adds to each prediction, shape (n_rows, n_columns): SHAP values in target
            standard deviations, of a classifier in log odds or, for forests, in probability.
        weights: By kind of importance, one value per column; the encoded training rows come second.
        takes: What its models see.
    """

    fit: Callable[[Lesson], Learned]
    contributions: Callable[[LibraryModel, Floats], Floats]
    weights: Callable[[LibraryModel, Floats], dict[str, Floats]]
    takes: Intake
