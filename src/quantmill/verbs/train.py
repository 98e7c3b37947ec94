"""The verb `train`: one model of one symbol, with its walk-forward predictions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.datasets.exclusion import select_columns
from quantmill.datasets.recipe import DatasetRecipe
from quantmill.features.sets import feature_set_named
from quantmill.models.algorithms import ALGORITHMS, default_algorithm, find_algorithm
from quantmill.models.recipe import TrainingRecipe
from quantmill.models.record import ModelRecord
from quantmill.models.training import TrainedModel, train
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, Flag, FromSetting, ParameterValue, Request, Symbol, Unit
from quantmill.verbs.working import work

__all__ = ["READS_ONLY", "TrainRequest", "Training", "run"]

READS_ONLY: Final = False


class TrainRequest(Request):
    """Fit a model of one symbol and keep it.

    The same request on the same data gives the same model and repeats nothing.
    """

    symbol: Annotated[Symbol, POSITIONAL] = Field(description="Symbol whose features are built.")
    algorithm: str | None = Field(
        default=None,
        description=f"How to fit: {', '.join(ALGORITHMS)}. When left out: elasticnet, of --kind direction logistic, "
        "with --two-phase xgboost.",
    )
    name: str | None = Field(
        default=None, description="Name to find the model by; the algorithm's when left out."
    )
    features: str = Field(default="core", description="Feature set.")
    include: tuple[str, ...] = Field(
        default=(), description="Only these features; all stationary ones when left out."
    )
    exclude: tuple[str, ...] = Field(default=(), description="All but these features.")
    levels: Literal["drop", "allow"] = Field(
        default="drop", description="Whether price-level features may enter."
    )
    interval: Literal["1m"] = Field(default="1m", description="Length of a bar.")
    target: Literal["open", "high", "low", "close"] = Field(
        default="close", description="Price that is predicted."
    )
    horizon: Annotated[int, Unit("bars")] = Field(default=1, ge=1, le=10_000, description="How far ahead.")
    kind: Literal["log_return", "direction"] | None = Field(
        default=None,
        description="Form of the target: what a regressor and what a classifier learns; the algorithm's when left out.",
    )
    params: Annotated[dict[str, ParameterValue], Flag("--param")] = Field(
        default_factory=dict[str, ParameterValue],
        description="Parameters of the algorithm, such as alpha=0.001; repeatable.",
    )
    two_phase: bool = Field(
        default=False,
        description="Let an ElasticNet choose the features first, within each training part.",
    )
    embargo: Annotated[int | None, Unit("bars"), FromSetting("training.embargo_bars")] = Field(
        default=None,
        ge=0,
        description="Bars left out before each test part besides the purge.",
    )
    seed: Annotated[int | None, FromSetting("training.seed")] = Field(
        default=None, ge=0, description="Seed of every random choice."
    )
    force: bool = Field(default=False, description="Train again although the model exists.")


@dataclass(frozen=True)
class Training(Outcome):
    """The model that was trained, or that the same request had made before (`is_new` false)."""

    model_id: str
    name: str
    symbol: str
    algorithm: str
    kind: str
    params: Mapping[str, Any]
    fit: Mapping[str, Any]
    n_train: int
    n_test: int
    n_purged: int
    features: tuple[str, ...]
    feature_set: str
    feature_version: str
    metrics: Mapping[str, Any]
    warnings: tuple[str, ...]
    snapshot: int
    seed: int
    is_new: bool
    is_synthetic: bool

    @classmethod
    def of(cls, trained: TrainedModel) -> "Training":
        """The result of a training, its counts summed over the walk-forward refits."""
        record = trained.record
        return cls(
            model_id=record.id,
            name=record.name,
            symbol=record.symbol,
            algorithm=record.algorithm,
            kind=record.kind,
            params=record.params,
            fit=record.report["fit"],
            n_train=_final(record, "n_train"),
            n_test=sum(int(fold["n_test"]) for fold in record.folds),
            n_purged=_final(record, "n_purged") + sum(int(fold["n_purged"]) for fold in record.folds),
            features=record.features,
            feature_set=record.feature_set,
            feature_version=record.feature_version,
            metrics=record.metrics,
            warnings=record.warnings,
            snapshot=record.snapshot,
            seed=record.seed,
            is_new=trained.is_new,
            is_synthetic=record.is_synthetic,
        )

    def lines(self) -> list[str]:
        """Name, counts, and how good the out-of-sample predictions are."""
        what = "trained" if self.is_new else "nothing to do: this model was trained before,"
        figures = self.metrics.get("walk_forward", {})
        shown = ", ".join(
            f"{name} {value:.6g}" for name, value in figures.items() if isinstance(value, int | float)
        )
        label = " (synthetic bars)" if self.is_synthetic else ""
        return [
            f"{what} {self.model_id} {self.name!r} of {self.symbol}{label}: {self.algorithm}, "
            f"{len(self.features)} features of {self.feature_set}@{self.feature_version}",
            f"{self.n_train:,} rows trained on, {self.n_test:,} predicted out of sample, {self.n_purged:,} purged",
            *self._fit_lines(),
            f"walk-forward: {shown}",
            f"next: quantmill simulate --model {self.model_id} --symbol {self.symbol}",
        ]

    def _fit_lines(self) -> list[str]:
        """What the final fit decided: parameters found, trees, features left out."""
        found = {
            name: value
            for name, value in self.fit.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        lines = (
            [f"final fit: {', '.join(f'{name} {value:g}' for name, value in found.items())}"] if found else []
        )
        dropped = self.fit.get("dropped", ())
        return [*lines, f"the filter dropped {len(dropped)}: {', '.join(dropped)}"] if dropped else lines


def run(mill: Mill, request: TrainRequest, progress: Progress) -> Training:
    """Trains unless the same recipe on the same data has a model already.

    Raises:
        NotFoundError: If the symbol, the algorithm or a feature is unknown or not built.
        UsageError: If a parameter or a feature cannot be used.
        DataError: If there are too few sessions or rows.
    """
    recipe = _recipe(mill, request)
    key = (request.symbol, request.model_dump(mode="json", exclude={"symbol", "force"}))
    trained = work(
        mill,
        "train",
        key,
        lambda context: train(
            mill.lake,
            mill.state,
            recipe,
            models_path=mill.home.models_path,
            name=request.name,
            force=request.force,
            completing=context.completing,
            progress=context,
        ),
        progress=progress,
    )
    return Training.of(trained)


def _recipe(mill: Mill, request: TrainRequest) -> TrainingRecipe:
    settings = mill.settings.training
    algorithm = request.algorithm or default_algorithm(request.kind, two_phase=request.two_phase)
    dataset = DatasetRecipe(
        symbol=request.symbol,
        features=_features(request),
        feature_set=request.features,
        interval=request.interval,
        target=request.target,
        horizon_bars=request.horizon,
        kind=request.kind or find_algorithm(algorithm).target_kind,
        levels=request.levels,
    )
    return TrainingRecipe(
        dataset,
        algorithm=algorithm,
        params=request.params,
        embargo_bars=settings.embargo_bars if request.embargo is None else request.embargo,
        seed=settings.seed if request.seed is None else request.seed,
        two_phase=request.two_phase,
    )


def _features(request: TrainRequest) -> tuple[str, ...] | None:
    """The features to train on, None for all that may enter; unknown names are refused either way."""
    if not request.include and not request.exclude:
        return None
    columns = feature_set_named(request.features).columns
    chosen = select_columns(columns, request.include or None, levels=request.levels)
    left_out = select_columns(columns, request.exclude, levels="allow")
    return tuple(name for name in chosen if name not in left_out)


def _final(record: ModelRecord, name: str) -> int:
    final: Mapping[str, Any] = record.report["final"]
    return int(final[name])
