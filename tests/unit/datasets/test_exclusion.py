from dataclasses import dataclass

import pytest

from quantmill.datasets.exclusion import select_columns
from quantmill.errors import NotFoundError, UsageError


@dataclass(frozen=True)
class Column:
    name: str
    kind: str = "stationary"
    twin: str | None = None


DECLARED = [
    Column("sma_20", "level", "sma_20_dist"),
    Column("sma_20_dist"),
    Column("log_return_1m"),
    Column("close", "stationary"),
    Column("target_close_1b"),
]


def test_levels_prices_and_labels_stay_out() -> None:
    assert select_columns(DECLARED, None, levels="drop") == ("sma_20_dist", "log_return_1m")


def test_levels_enter_when_allowed_but_prices_never() -> None:
    assert select_columns(DECLARED, None, levels="allow") == ("sma_20", "sma_20_dist", "log_return_1m")


def test_columns_come_in_the_order_of_the_set() -> None:
    assert select_columns(DECLARED, ["log_return_1m", "sma_20_dist"], levels="drop") == (
        "sma_20_dist",
        "log_return_1m",
    )


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("sma_20", "price level", "use sma_20_dist"),
        ("close", "raw price", "use log_return_1m"),
        ("vwap", "raw price", "2 stationary features"),
        ("symbol", "identifier", "2 stationary features"),
        ("ts", "identifier", "2 stationary features"),
        ("target_close_1b", "label", "2 stationary features"),
        ("max_gain", "label", "2 stationary features"),
    ],
)
def test_a_forbidden_column_is_refused_with_what_to_use(name: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        select_columns(DECLARED, [name], levels="drop")

    assert hint in caught.value.hint


def test_an_unknown_column_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(NotFoundError, match="no feature 'log_return_1n'") as caught:
        select_columns(DECLARED, ["log_return_1n"], levels="drop")

    assert caught.value.hint == "use log_return_1m"
