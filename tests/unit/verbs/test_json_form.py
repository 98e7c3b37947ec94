"""The JSON form of values."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from quantmill.verbs.json_form import json_of, rows_of
from quantmill.verbs.outcome import Outcome


@dataclass(frozen=True)
class Pair(Outcome):
    left: int
    right: tuple[float, ...]


def test_times_are_iso_in_utc() -> None:
    eastern = datetime(2024, 1, 2, 9, 30, tzinfo=timezone(timedelta(hours=-5)))

    assert json_of(eastern) == "2024-01-02T14:30:00Z"
    assert json_of(datetime(2024, 1, 2, 14, 30, 0, 5, tzinfo=UTC)) == "2024-01-02T14:30:00.000005Z"
    assert json_of(date(2024, 1, 2)) == "2024-01-02"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None, np.float64("nan")])
def test_what_is_not_finite_is_null(value: object) -> None:
    assert json_of(value) is None


def test_32_bit_floats_are_shortest() -> None:
    # float(np.float32(0.1)) is 0.10000000149011612.
    assert json_of(np.float32(0.1)) == 0.1
    assert rows_of(pl.DataFrame({"x": pl.Series([0.1], dtype=pl.Float32)})) == [{"x": 0.1}]


def test_frames_are_lists_of_rows() -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [[1.5], []]}, schema_overrides={"b": pl.List(pl.Float64)})

    assert json_of({"rows": frame}) == {"rows": [{"a": 1, "b": [1.5]}, {"a": 2, "b": []}]}


def test_outcomes_have_their_fields_as_keys() -> None:
    pair = Pair(1, (0.5, math.nan))

    assert json_of([pair]) == [{"left": 1, "right": [0.5, None]}]
    assert "left: 1" in pair._repr_html_()


def test_paths_are_texts_and_other_things_are_refused() -> None:
    assert json_of(Path("a/b")) == "a/b"
    with pytest.raises(TypeError, match="object has no JSON form"):
        json_of(object())
