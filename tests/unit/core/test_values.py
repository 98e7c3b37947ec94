"""Symbols, intervals, digests and seeds."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantmill.core.digest import HOLE, canonical_json, digest, digests_with, short_id
from quantmill.core.interval import Interval
from quantmill.core.seeds import derive_seed
from quantmill.core.symbols import (
    canonical_symbol,
    describe_symbol,
    from_path_part,
    group_symbols,
    path_part,
)
from quantmill.errors import UsageError


@pytest.mark.parametrize(
    ("raw", "canonical", "asset_class", "calendar"),
    [
        (" spy ", "SPY", "equity", "XNYS"),
        ("BRK-B", "BRK.B", "equity", "XNYS"),
        ("brk/b", "BRK.B", "equity", "XNYS"),
        ("$TICK", "I:TICK", "index", "XNYS"),
        ("^VIX", "I:VIX", "index", "XNYS"),
        ("vix", "I:VIX", "index", "XNYS"),
        ("VIXY", "VIXY", "equity", "XNYS"),
        ("I:SPX", "I:SPX", "index", "XNYS"),
        ("BTC-USD", "X:BTC-USD", "crypto", "24/7"),
        ("O:SPY250304C00601000", "O:SPY250304C00601000", "option", "XNYS"),
    ],
)
def test_symbols_have_one_form(raw: str, canonical: str, asset_class: str, calendar: str) -> None:
    symbol = canonical_symbol(raw)

    assert symbol == canonical
    assert canonical_symbol(symbol) == symbol
    assert (describe_symbol(symbol).asset_class, describe_symbol(symbol).calendar) == (asset_class, calendar)


@pytest.mark.parametrize("raw", ["", "../etc", "SPY;DROP", "A B", "I:", "O:SPY", "café"])
def test_what_is_no_symbol_is_refused(raw: str) -> None:
    with pytest.raises(UsageError):
        canonical_symbol(raw)


def test_only_an_index_may_be_negative() -> None:
    assert describe_symbol("I:TICK").may_be_negative
    assert not describe_symbol("SPY").may_be_negative


def test_symbols_are_grouped_by_what_they_tell() -> None:
    groups = group_symbols(("SPY", "I:TICK", "X:BTC-USD", "brk-b", "QQQ"))

    assert groups.by_calendar == {"XNYS": ("SPY", "I:TICK", "brk-b", "QQQ"), "24/7": ("X:BTC-USD",)}
    assert groups.may_be_negative == {"I:TICK"}
    assert groups.strangers == ("brk-b",)
    with pytest.raises(UsageError, match=r"\.\./etc"):
        group_symbols(("SPY", "../etc"))


@given(st.text(min_size=1, max_size=30))
def test_path_parts_round_trip_and_hold_no_separator(text: str) -> None:
    part = path_part(text)

    assert from_path_part(part) == text
    assert "/" not in part
    assert part not in {".", ".."}


def test_intervals_read_as_they_print() -> None:
    assert [str(Interval.parse(text)) for text in ("1m", "5m", "1h", "1d")] == ["1m", "5m", "1h", "1d"]
    assert Interval.parse("5m").microseconds == 300_000_000
    with pytest.raises(UsageError, match="7m"):
        Interval.parse("7m")


def test_equal_values_have_equal_json_whatever_their_order() -> None:
    assert canonical_json({"b": 1, "a": [1.5, None]}) == '{"a":[1.5,null],"b":1}'
    assert digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})


@given(st.lists(st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.text(), st.booleans())))
def test_digests_of_parts_that_differ_in_one_place_are_those_of_each(
    values: list[float | str | bool],
) -> None:
    raw = list(digests_with(values, "a", {"x": 1, "threshold": HOLE, "y": [2.5]}))

    assert [one.hex() for one in raw] == [
        digest("a", {"x": 1, "threshold": value, "y": [2.5]}) for value in values
    ]


@pytest.mark.parametrize("parts", [("a",), (HOLE, HOLE)])
def test_parts_without_one_hole_are_refused(parts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="exactly one is needed"):
        list(digests_with([1.0], *parts))


def test_digest_is_sha256_of_the_json_of_all_parts() -> None:
    assert digest("a", 1) == hashlib.sha256(b'["a",1]').hexdigest()


def test_numbers_that_json_cannot_hold_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


def test_ids_are_a_prefix_and_ten_base32_characters() -> None:
    prefix, _, rest = short_id("m", "recipe").partition("-")

    assert prefix == "m"
    assert len(rest) == 10
    assert set(rest) <= set("abcdefghijklmnopqrstuvwxyz234567")


@given(seed=st.integers(0, 2**31), bits=st.sampled_from([31, 32, 64]))
def test_seeds_differ_by_purpose_and_fit_their_size(seed: int, bits: int) -> None:
    first, second = derive_seed(seed, "a", bits=bits), derive_seed(seed, "b", bits=bits)

    assert first != second
    assert 0 <= first < 2**bits
