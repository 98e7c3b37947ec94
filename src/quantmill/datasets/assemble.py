"""Joins one symbol's bars and feature rows into a dataset, counting what is lost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.bars import BarArrays
from quantmill.datasets.dataset import Dataset
from quantmill.datasets.recipe import DatasetRecipe
from quantmill.datasets.targets import make_target
from quantmill.datasets.volatility_scale import volatility_ratio
from quantmill.errors import DataError

__all__ = ["FeatureRows", "assemble_dataset"]


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """Feature values of one symbol: `x` has shape (n_rows, n_features), a missing value is NaN."""

    ts_us: Ints
    x: Floats
    names: tuple[str, ...]
    scaling: tuple[str, ...]


def assemble_dataset(
    recipe: DatasetRecipe,
    bars: BarArrays,
    features: FeatureRows,
    *,
    snapshot: int = 0,
    input_digest: str = "",
    is_synthetic: bool = False,
    notes: Sequence[str] = (),
) -> Dataset:
    """One row per bar that has features, with its target.

    A row with missing features stays: what to put there is decided by the model's imputer from the
    training part alone. A row without a label stays for prediction and is counted in `unlabeled`.

    Args:
        recipe: The choices.
        bars: The symbol's bars in time order.
        features: Its feature rows in time order.
        snapshot: Snapshot of the lake that was read.
        input_digest: Digest of the files that were read.
        is_synthetic: Whether the bars are simulated.
        notes: What a person should know already.

    Raises:
        DataError: If no bar has both features and a label.
    """
    target = make_target(bars, column=recipe.target, horizon_bars=recipe.horizon_bars, kind=recipe.kind)
    bar, at = _shared(bars.ts_us, features.ts_us)
    dropped = {
        "no_feature_row": bars.n_bars - bar.size,
        "feature_row_without_bar": features.ts_us.size - bar.size,
    }
    has_label = target.has_label[bar]
    if not has_label.any():
        raise DataError(
            f"{recipe.symbol}: no bar has both features and a label "
            f"({bars.n_bars} bars, {features.ts_us.size} feature rows, {bar.size} in both)",
            hint=f"run `quantmill features build {recipe.symbol}`, or choose a shorter horizon",
        )
    x = features.x[at]
    is_infinite = np.isinf(x)
    x[is_infinite] = np.nan
    infinite = _per_column(is_infinite.sum(axis=0), features.names)
    return Dataset(
        recipe=recipe,
        ts_us=bars.ts_us[bar],
        session=bars.session[bar],
        bar=bar,
        label_bar=target.label_bar[bar],
        has_label=has_label,
        x=x,
        names=features.names,
        scaling=features.scaling,
        y=target.value[bar],
        base_price=target.base_price[bar],
        volatility_ratio=volatility_ratio(bars)[bar],
        unlabeled=dict(target.missing),
        dropped=dropped,
        missing=_per_column(np.isnan(x).sum(axis=0), features.names),
        infinite=infinite,
        notes=(*notes, *_findings(recipe, target.missing, dropped, infinite)),
        snapshot=snapshot,
        input_digest=input_digest,
        is_synthetic=is_synthetic,
    )


def _shared(bar_ts_us: Ints, feature_ts_us: Ints) -> tuple[Ints, Ints]:
    """Positions, in both arrays, of the instants that both hold."""
    _, bar, at = np.intersect1d(bar_ts_us, feature_ts_us, assume_unique=True, return_indices=True)
    return bar, at


def _per_column(counts: Ints, names: Sequence[str]) -> dict[str, int]:
    return {name: int(count) for name, count in zip(names, counts, strict=True) if count}


def _findings(
    recipe: DatasetRecipe, missing: dict[str, int], dropped: dict[str, int], infinite: dict[str, int]
) -> list[str]:
    notes: list[str] = []
    if missing["price_not_positive"]:
        notes.append(
            f"{missing['price_not_positive']} bars of {recipe.symbol} have no log return, because a price is not above 0: "
            "they are predicted but not learned from"
        )
    if dropped["no_feature_row"]:
        notes.append(
            f"{dropped['no_feature_row']} bars of {recipe.symbol} have no features and are left out: "
            f"`quantmill features build {recipe.symbol}` brings them up to date"
        )
    if dropped["feature_row_without_bar"]:
        notes.append(
            f"{dropped['feature_row_without_bar']} feature rows of {recipe.symbol} have no bar any more and are left out: "
            f"`quantmill features build {recipe.symbol}` brings them up to date"
        )
    if infinite:
        notes.append(f"values that are not finite count as missing: {infinite}")
    return notes
