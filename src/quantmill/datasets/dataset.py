"""A dataset: one symbol's features, target and base price, row by row in time order."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from quantmill.core.arrays import Bools, Floats, Ints
from quantmill.core.digest import digest
from quantmill.datasets.folds import Rows
from quantmill.datasets.recipe import DatasetRecipe

__all__ = ["Dataset"]


@dataclass(frozen=True)
class Dataset:
    """Every bar that has features, labeled or not, with what made it.

    Attributes:
        recipe: The choices, with the feature set's version filled in.
        ts_us: Bar starts, shape (n_rows,), ascending.
        session: Session of each row, days since 1970.
        bar: Position of each row among all bars of the symbol that were read.
        label_bar: Position of the last bar that the label looks at, or would look at.
        has_label: Which rows can be learned from.
        x: Features, shape (n_rows, n_features), float64; a missing value is NaN and stays so: the model's
            imputer decides inside the fold.
        names: Feature names, one per column of `x`.
        scaling: How a linear model scales each column: `robust`, `standard` or `passthrough`; `category` for labels that
            are no quantities.
        y: Target, NaN without a label; such rows are predicted but neither learned from nor scored.
        base_price: Price that the target starts from.
        volatility_ratio: Usual over present volatility, NaN in its warm-up.
        unlabeled: Rows without a label by cause.
        dropped: Bars that are no rows by cause.
        missing: Missing values per column, all rows counted.
        infinite: Values that were not finite and count as missing, per column.
        notes: What a person should know, one sentence each.
        snapshot: Snapshot of the lake that was read.
        input_digest: Digest of the lake files that were read.
        is_synthetic: Whether the bars are simulated.
    """

    recipe: DatasetRecipe
    ts_us: Ints
    session: Ints
    bar: Ints
    label_bar: Ints
    has_label: Bools
    x: Floats
    names: tuple[str, ...]
    scaling: tuple[str, ...]
    y: Floats
    base_price: Floats
    volatility_ratio: Floats
    unlabeled: Mapping[str, int]
    dropped: Mapping[str, int]
    missing: Mapping[str, int]
    infinite: Mapping[str, int]
    notes: tuple[str, ...]
    snapshot: int
    input_digest: str
    is_synthetic: bool

    @property
    def n_rows(self) -> int:
        """How many rows there are, labeled or not."""
        return self.ts_us.size

    @property
    def rows(self) -> Rows:
        """Where each row stands in time."""
        return Rows(self.session, self.bar, self.label_bar, self.has_label)

    @cached_property
    def digest(self) -> str:
        """Content digest of recipe and data.

        The data counts by value, not by file: the snapshot's number and the way rows are spread
        over files change whenever anything else is stored, and would give the same model a new id.
        """
        hasher = hashlib.sha256()
        for array in (
            self.ts_us,
            self.session,
            self.label_bar,
            self.has_label,
            self.x,
            self.y,
            self.base_price,
            self.volatility_ratio,
        ):
            # Adding 0 turns -0 into 0 and one NaN is like another: equal values, equal bytes.
            plain = array + 0
            if plain.dtype.kind == "f":
                plain[np.isnan(plain)] = np.nan
            hasher.update(np.ascontiguousarray(plain).tobytes())
        return digest(self.recipe.as_dict(), self.names, self.scaling, hasher.hexdigest())
