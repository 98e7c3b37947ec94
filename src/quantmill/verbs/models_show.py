"""The verb `models show`: everything known of one model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, cast

import polars as pl
from pydantic import Field

from quantmill.core.instants import from_us
from quantmill.core.progress import Progress
from quantmill.models.record import ModelRecord
from quantmill.models.registry import find_model
from quantmill.models.strength_quantiles import QUANTILE_PERCENTS
from quantmill.verbs.json_form import Json, json_of
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, Request, Symbol

__all__ = ["READS_ONLY", "ModelsShowRequest", "ShownModel", "run"]

READS_ONLY: Final = True
TERMINAL_COLUMNS: Final = (
    "fold",
    "train_first",
    "train_last",
    "test_first",
    "test_last",
    "n_train",
    "n_test",
    "n_purged",
)


class ModelsShowRequest(Request):
    """Show one model with its folds and metrics."""

    model: Annotated[str, POSITIONAL] = Field(description="Id, the beginning of one, or name.")
    symbol: Symbol | None = Field(
        default=None, description="The model's symbol, when several have one of that name."
    )


@dataclass(frozen=True)
class ShownModel(Outcome):
    """One model of the registry."""

    record: ModelRecord

    def to_json(self) -> Json:
        """The record's fields, the id as `model_id`, the time as an instant."""
        values: dict[str, Json] = json_of(self.record)
        created = json_of(from_us(values.pop("created_us")))
        return {"model_id": values.pop("id"), **values, "created_at": created}

    def table(self) -> pl.DataFrame:
        """The walk-forward refits."""
        folds = [
            {name: value for name, value in fold.items() if not isinstance(value, Mapping)}
            for fold in self.record.folds
        ]
        return pl.DataFrame(folds)

    def lines(self) -> list[str]:
        """Identity, figures, and the features by weight."""
        record = self.record
        label = " on synthetic bars" if record.is_synthetic else ""
        weights = ", ".join(str(row.get("feature")) for row in record.importance[:10])
        measure = record.importance[0].get("kind", "") if record.importance else ""
        return [
            f"{record.id} {record.name!r} version {record.version} of {record.symbol}{label}",
            f"{record.algorithm} ({record.algorithm_kind}) {_pairs(record.params)}; target {record.target} {record.kind}, "
            f"{record.horizon_bars} bars ahead; seed {record.seed}",
            f"{len(record.features)} features of {record.feature_set}@{record.feature_version}, most weight ({measure}): {weights}",
            f"auto thresholds on |e| in the last refit: {_thresholds(record)}",
            *(f"{part}: {_pairs(figures)}" for part, figures in record.metrics.items()),
            f"snapshot {record.snapshot}, dataset {record.dataset_digest[:12]}, artifact {record.artifact}",
            *record.warnings,
        ]


def run(mill: Mill, request: ModelsShowRequest, progress: Progress) -> ShownModel:
    """The model that is meant.

    Raises:
        NotFoundError: If there is none; the hint has the nearest names.
        UsageError: If several could be meant.
    """
    return ShownModel(find_model(mill.state, request.model, request.symbol))


def _thresholds(record: ModelRecord) -> str:
    known: Mapping[str, Any] = record.folds[-1].get("abs_e_quantiles", {}) if record.folds else {}
    values: list[float] = known.get("plain") or []
    shown = [f"p{percent} {value:.6g}" for percent, value in zip(QUANTILE_PERCENTS, values, strict=False)]
    return ", ".join(shown) or "none"


def _pairs(values: Any) -> str:  # noqa: ANN401 - plain JSON values
    if not isinstance(values, Mapping):
        return str(values)
    pairs = cast("Mapping[str, object]", values)
    return ", ".join(
        f"{name} {value:.6g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in pairs.items()
        if not isinstance(value, Mapping | list | tuple)
    )
