"""Which columns may enter a model: stationary features only, never prices, labels or identifiers."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final, Protocol

from quantmill.core.bars import BAR_SCHEMA
from quantmill.datasets.recipe import Levels
from quantmill.errors import NotFoundError, UsageError

__all__ = ["DeclaredColumn", "select_columns"]

# What models use instead of a raw column of the bars.
_RAW_TWINS: Final = {
    "open": "log_return_1m",
    "high": "log_return_1m",
    "low": "log_return_1m",
    "close": "log_return_1m",
    "volume": "volume_change",
    "trade_count": "volume_change",
    "vwap": "dist_vwap",
}
_IDENTIFIERS: Final = frozenset(BAR_SCHEMA) - frozenset(_RAW_TWINS) | {"session", "fold", "model_id"}
_LABEL_NAMES: Final = frozenset({"max_gain", "min_loss", "time_to_max", "base_price", "prediction", "label"})
_LABEL_PREFIXES: Final = ("target_", "label_")
_N_SHOWN: Final = 5


class DeclaredColumn(Protocol):
    """What the exclusion needs to know of a declared feature."""

    @property
    def name(self) -> str:
        """The column's name."""
        ...

    @property
    def kind(self) -> str:
        """`level` for a price level, `stationary` otherwise."""
        ...

    @property
    def twin(self) -> str | None:
        """The stationary column made from the same quantity."""
        ...


def select_columns(
    declared: Sequence[DeclaredColumn], wanted: Sequence[str] | None, *, levels: Levels
) -> tuple[str, ...]:
    """Names of the columns that enter the model, in the feature set's order.

    Args:
        declared: The columns of the feature set.
        wanted: Columns asked for by name; None for all that may enter.
        levels: "allow" lets price-level features in; raw bar columns never enter.

    Raises:
        UsageError: If a raw price, a price level, a label or an identifier is asked for by name.
        NotFoundError: If a name is no feature of the set.
    """
    may_enter = tuple(
        column.name
        for column in declared
        if not _is_raw(column.name) and (column.kind != "level" or levels == "allow")
    )
    if wanted is None:
        return may_enter
    twins = {column.name: column.twin for column in declared}
    for name in wanted:
        if name not in may_enter:
            raise _refusal(name, twins=twins, may_enter=may_enter)
    return tuple(name for name in may_enter if name in set(wanted))


def _is_raw(name: str) -> bool:
    return (
        name in _RAW_TWINS or name in _IDENTIFIERS or name in _LABEL_NAMES or name.startswith(_LABEL_PREFIXES)
    )


def _refusal(
    name: str, *, twins: Mapping[str, str | None], may_enter: Sequence[str]
) -> UsageError | NotFoundError:
    if name in _RAW_TWINS:
        return UsageError(
            f"{name} is a raw price or volume and never enters a model",
            hint=_use(_RAW_TWINS[name], may_enter),
        )
    if name in _IDENTIFIERS:
        return UsageError(f"{name} is an identifier, not a feature", hint=_use(None, may_enter))
    if _is_raw(name):
        return UsageError(f"{name} is a label and would give the answer away", hint=_use(None, may_enter))
    if name in twins:
        return UsageError(
            f"{name} is a price level, which does not stay in the range that it was trained on",
            hint=f"{_use(twins[name], may_enter)}; `--levels allow` admits it all the same",
        )
    nearest = get_close_matches(name, may_enter, n=1, cutoff=0.5)
    return NotFoundError(
        f"no feature {name!r} in this feature set", hint=_use(nearest[0] if nearest else None, may_enter)
    )


def _use(name: str | None, may_enter: Sequence[str]) -> str:
    if name is not None and name in may_enter:
        return f"use {name}"
    shown = ", ".join(may_enter[:_N_SHOWN])
    return f"the set has {len(may_enter)} stationary features: {shown}{' …' if len(may_enter) > _N_SHOWN else ''}"
