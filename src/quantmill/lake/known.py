"""Rows in versions as they were known at an instant."""

from datetime import datetime

import polars as pl

from quantmill.lake.datasets import Dataset

__all__ = ["known_by"]


def known_by(known_at: datetime, rows: pl.LazyFrame, dataset: Dataset) -> pl.LazyFrame:
    """Of each thing the last version whose `available_at` is not after the instant, in no particular order.

    Later versions never change the answer, whenever they are stored: they are available later.

    Args:
        known_at: The instant, in UTC.
        rows: Versions of a dataset with an identity.
        dataset: Its declaration.
    """
    known = rows.filter(pl.col("available_at") <= known_at).sort("available_at")
    return known.unique(dataset.identity, keep="last", maintain_order=True)
