"""Offered rows against stored rows: what is new, what is there already, what differs."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from quantmill.lake.datasets import Dataset

__all__ = ["Merged", "OnConflict", "merge_rows"]

OnConflict = Literal["keep", "replace", "fail"]
"""What happens to a stored row when a row with its key but other values is offered."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a partition holds after a write, and how the offered rows fared.

    `existing` counts offered rows whose key is stored, `conflicts` those of them that differ;
    `superseded` holds the stored rows that were replaced, `differing` the offered rows in conflict.
    """

    rows: pl.DataFrame
    inserted: int
    existing: int
    conflicts: int
    superseded: pl.DataFrame
    differing: pl.DataFrame

    @property
    def is_changed(self) -> bool:
        """Whether the partition differs from what is stored."""
        return self.inserted > 0 or self.superseded.height > 0


def merge_rows(
    dataset: Dataset, stored: pl.DataFrame, offered: pl.DataFrame, *, on_conflict: OnConflict
) -> Merged:
    """Merge rows by the dataset's unique key; under `fail` the conflicts are kept as stored, for the caller to refuse."""
    key = list(dataset.unique)
    none = stored.clear()
    shared = offered.join(stored, on=key, how="inner", suffix=" stored", maintain_order="left")
    if shared.height == 0:
        rows = dataset.in_order(pl.concat([stored, offered], rechunk=True) if stored.height else offered)
        return Merged(rows, offered.height, 0, 0, none, none)
    left_out = (*key, *dataset.provenance)
    compared = [column for column in dataset.columns if column not in left_out]
    differs = pl.any_horizontal(pl.col(column).ne_missing(pl.col(f"{column} stored")) for column in compared)
    conflicting = shared.filter(differs).select(key)
    new = offered.join(stored, on=key, how="anti")
    differing = offered.join(conflicting, on=key, how="semi")
    superseded = none
    if on_conflict == "replace" and conflicting.height:
        superseded = stored.join(conflicting, on=key, how="semi")
        stored = stored.join(conflicting, on=key, how="anti")
        new = pl.concat([new, differing])
    rows = pl.concat([stored, new]).sort(dataset.order) if new.height else stored
    inserted = new.height - superseded.height
    return Merged(rows, inserted, shared.height, conflicting.height, superseded, differing)
