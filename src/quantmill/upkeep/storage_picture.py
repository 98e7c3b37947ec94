"""The picture of a home's storage: bytes by dataset and by key, and how they grew."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats
from quantmill.core.instants import from_us
from quantmill.core.panels import AreaPanel, BarPanel, Picture
from quantmill.core.sizes import size_text
from quantmill.upkeep.storage import Storage

__all__ = ["group_of", "storage_picture"]

_GROUPS: Final = ("bars", "features", "predictions", "trials and curves", "other")
_RETIRED: Final = "retired, not yet cleaned"
_MOST_KEYS: Final = 14
_MOST_DATASETS: Final = 12
_LONGEST: Final = 20
_BAR_IN: Final = 0.3


def storage_picture(storage: Storage) -> Picture:
    """Bars by dataset and by symbol, model, batch or run; below them the bytes over time."""
    datasets, keys, growth = _by_dataset(storage), _by_key(storage), _growth(storage)
    used = {name for panel in (datasets, keys, growth) for name in panel.series}
    n_bars = max(len(datasets.labels), len(keys.labels), 3)
    yearly = storage.bytes_per_year
    projection = f"; a year of sessions adds about {size_text(yearly)} at the present rate" if yearly else ""
    return Picture(
        f"Storage: {size_text(storage.total_bytes)}",
        ((datasets, keys), (growth,)),
        (1.0 + _BAR_IN * n_bars, 2.6),
        legend=tuple(name for name in (*_GROUPS, _RETIRED) if name in used),
        faint=(_RETIRED,),
        note=f"Lake {size_text(storage.lake_bytes)}, state {size_text(storage.state_bytes)}, models "
        f"{size_text(storage.models_bytes)}, cache {size_text(storage.cache_bytes)}; {size_text(storage.free_bytes)} "
        f"free on the disk{projection}.",
    )


def group_of(dataset: str) -> str:
    """What a person calls a dataset's kind."""
    if dataset.startswith("features/"):
        return "features"
    if dataset in {"trials", "equity", "trades"}:
        return "trials and curves"
    return dataset if dataset in _GROUPS else "other"


def _by_dataset(storage: Storage) -> BarPanel:
    sums = (
        storage.usage.group_by("dataset")
        .agg(pl.col("bytes", "retired_bytes").sum())
        .sort(pl.col("bytes") + pl.col("retired_bytes"), descending=True)
        .head(_MOST_DATASETS)
    )
    groups = [group_of(name) for name in sums["dataset"]]
    live, retired = (sums[name].cast(pl.Float64).to_numpy() for name in ("bytes", "retired_bytes"))
    parts = {name: np.where([group == name for group in groups], live, 0.0) for name in _GROUPS}
    parts[_RETIRED] = retired
    totals = (sums["bytes"] + sums["retired_bytes"]).to_list()
    notes = [
        size_text(total)
        + (f"  ({storage.encoded[name].ratio:.1f}× compressed)" if name in storage.encoded else "")
        for name, total in zip(sums["dataset"], totals, strict=True)
    ]
    series = {name: values for name, values in parts.items() if values.any()}
    return BarPanel("By dataset", "bytes on disk", tuple(sums["dataset"]), series, "bytes", tuple(notes))


def _by_key(storage: Storage) -> BarPanel:
    grouped = storage.usage.with_columns(
        pl.col("dataset").map_elements(group_of, return_dtype=pl.String).alias("group")
    )
    order = (
        grouped.group_by("key").agg(pl.col("bytes").sum()).sort(["bytes", "key"], descending=[True, False])
    )
    order = order.filter(pl.col("bytes") > 0)
    names: list[str] = order["key"].head(_MOST_KEYS).to_list()
    rest: list[str] = order["key"].slice(_MOST_KEYS).to_list()
    labels = [*(_short(name) for name in names), *([f"{len(rest)} more"] if rest else [])]

    def of(group: str, keys: Sequence[str]) -> float:
        chosen = grouped.filter(pl.col("group") == group, pl.col("key").is_in(keys))
        return float(chosen["bytes"].sum())

    series = {
        group: np.array([*(of(group, [name]) for name in names), *([of(group, rest)] if rest else [])])
        for group in _GROUPS
        if (grouped["group"] == group).any()
    }
    return BarPanel("By symbol or id", "bytes on disk", tuple(labels), series, "bytes")


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _growth(storage: Storage) -> AreaPanel:
    """Levels after each commit, up to now; the bytes are those of files that are not cleaned."""
    changes = storage.changes.with_columns(
        pl.col("dataset").map_elements(group_of, return_dtype=pl.String).alias("group")
    )
    instants: list[int] = changes["at_us"].unique().sort().to_list()
    series: dict[str, Floats] = {}
    for group in _GROUPS:
        own = changes.filter(pl.col("group") == group)
        if own.is_empty():
            continue
        sums = dict(own.group_by("at_us").agg(pl.col("change_bytes").sum()).iter_rows())
        levels = np.cumsum([float(sums.get(at, 0)) for at in instants])
        series[group] = np.append(levels, levels[-1:])
    at = tuple(from_us(us) for us in [*instants, *([max(storage.now_us, instants[-1])] if instants else [])])
    return AreaPanel("Growth of the lake", "bytes in the newest snapshot", at, series, "bytes")
