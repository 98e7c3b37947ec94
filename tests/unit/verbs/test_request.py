"""Requests: what texts they take, what they refuse and how they say so."""

from typing import Annotated

import pytest
from pydantic import Field

from quantmill.errors import UsageError
from quantmill.verbs.request import POSITIONAL, Flag, ParameterValue, Request, Symbol, Unit
from quantmill.verbs.request_reading import read_request


class SampleRequest(Request):
    symbol: Annotated[Symbol, POSITIONAL] = Field(description="Symbol.")
    peers: tuple[Symbol, ...] = Field(default=(), description="Others.")
    fee_usd: Annotated[float, Unit("US dollars")] = Field(default=0.02, ge=0, description="Fee.")
    params: Annotated[dict[str, ParameterValue], Flag("--param")] = Field(
        default_factory=dict[str, ParameterValue], description="Parameters."
    )


def test_symbols_become_canonical() -> None:
    request = read_request(SampleRequest, {"symbol": "$vix", "peers": ["brk-b"]})

    assert (request.symbol, request.peers) == ("I:VIX", ("BRK.B",))


@pytest.mark.parametrize("peers", ["SPY,QQQ", ["SPY", "QQQ"], ["SPY,QQQ"], "SPY, QQQ", ("spy", "qqq")])
def test_lists_take_commas_and_repetition(peers: object) -> None:
    assert read_request(SampleRequest, {"symbol": "A", "peers": peers}).peers == ("SPY", "QQQ")


def test_pairs_keep_their_kind_of_value() -> None:
    texts = ["alpha=0.001", "max_iter=50", "warm=true", "solver=saga"]

    params = read_request(SampleRequest, {"symbol": "A", "params": texts}).params

    assert params == {"alpha": 0.001, "max_iter": 50, "warm": True, "solver": "saga"}
    assert [type(value) for value in params.values()] == [float, int, bool, str]


@pytest.mark.parametrize(
    ("values", "message", "hint"),
    [
        ({}, "SYMBOL is missing", "Symbol."),
        (
            {"symbol": "A", "fee_usd": -1},
            "--fee-usd is -1; it must be greater than or equal to 0",
            "US dollars",
        ),
        ({"symbol": "A", "fee_usd": "much"}, "--fee-usd is 'much'; it must be a valid number", "≥ 0"),
        ({"symbol": "A", "fee": 1}, "there is no option fee", "did you mean"),
        ({"symbol": "A", "params": ["alpha"]}, "--param is 'alpha'; it must be NAME=VALUE", "alpha=0.001"),
        ({"symbol": "not a symbol"}, "'not a symbol' is not a symbol", "SPY"),
    ],
)
def test_what_does_not_fit_is_said_with_found_and_needed(
    values: dict[str, object], message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_request(SampleRequest, values, flags=True)

    assert message in str(caught.value)
    assert hint in caught.value.hint


def test_python_callers_see_field_names() -> None:
    with pytest.raises(UsageError, match=r"^fee_usd is -1"):
        read_request(SampleRequest, {"symbol": "A", "fee_usd": -1})


def test_fields_tell_flag_unit_and_bounds() -> None:
    fields = {field.name: field for field in SampleRequest.request_fields()}

    assert next(iter(fields)) == "symbol"
    assert fields["symbol"].flag == "SYMBOL"
    assert fields["fee_usd"].limits == "US dollars, ≥ 0"
    assert fields["params"].flag == "--param"


class CountRequest(Request):
    limit: int | None = Field(default=None, ge=1, description="At most this many rows.")


def test_numbers_beyond_what_databases_and_frames_hold_are_refused() -> None:
    assert read_request(CountRequest, {"limit": 2**63 - 1}).limit == 2**63 - 1
    with pytest.raises(UsageError, match=r"--limit is 9,223,372,036,854,775,808"):
        read_request(CountRequest, {"limit": 2**63})
