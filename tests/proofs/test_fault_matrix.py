"""Every fault × every provider: the full, ordered, duplicate-free set of bars, or a clear failure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

from quantmill.config.settings import Settings
from quantmill.core.bars import ts_of
from quantmill.core.calendar import calendar_for
from quantmill.core.clock import FixedClock
from quantmill.core.span import Span
from quantmill.errors import (
    AuthError,
    NoDataError,
    NotEntitledError,
    ProviderError,
    RateLimitError,
    UnavailableError,
)
from quantmill.providers.access import Access
from quantmill.providers.registry import make_provider
from tests.standins.alpaca import AlpacaStandIn
from tests.standins.iex_cloud import IexCloudStandIn
from tests.standins.massive import MassiveStandIn
from tests.standins.server import CONTENT_FAULTS, TRANSPORT_FAULTS, StandIn
from tests.standins.tiingo import TiingoStandIn
from tests.standins.yahoo import YahooStandIn

SYMBOL, UNKNOWN = "SPY", "NOSUCH"
ATTEMPTS = 3
VALUES = ("symbol", "ts", "open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Case:
    """How a provider is tried: its stand-in, sessions that need three requests or more, the present."""

    stand_in: Callable[..., StandIn]
    first: date = date(2024, 3, 4)
    end: date = date(2024, 3, 7)
    now: datetime = datetime(2024, 3, 9, tzinfo=UTC)
    page_rows: int = 400
    # The provider's name, where two servers can stand behind it.
    provider: str | None = None
    # Where one more request than for other providers, or one less, brings all bars.
    passing: Mapping[str, int] = field(default_factory=dict[str, int])


# One line for each provider.
CASES: Mapping[str, Case] = {
    "alpaca": Case(AlpacaStandIn),
    # Two weeks at a time.
    "iex": Case(TiingoStandIn, end=date(2024, 3, 23)),
    "massive": Case(MassiveStandIn),
    # One session at a time.
    "iex_cloud": Case(IexCloudStandIn, provider="iex", passing={"null bars": 0}),
    # Seven days at a time; nulls are rows without a value beside the others.
    "yahoo": Case(
        YahooStandIn, end=date(2024, 3, 15), now=datetime(2024, 3, 16, tzinfo=UTC), passing={"null bars": 0}
    ),
}

# Broken once, in the middle of the fetch: how many more requests are sent until all bars are there.
PASSING = {
    "429 with headers": 1,
    "429 without headers": 1,
    "500": 1,
    "503 HTML": 1,
    "cut JSON": 1,
    "cut connection": 1,
    "hang": 1,
    "duplicate bars": 0,
    "shuffled bars": 0,
    "null bars": 1,
    "empty page with a link": 1,
}
# Broken whenever asked: the error, and how many requests are sent; None: as many as show that pages repeat.
FINAL: Mapping[str, tuple[type[ProviderError], int | None]] = {
    "401": (AuthError, 1),
    "403 not entitled": (NotEntitledError, 1),
    "repeated link": (ProviderError, None),
}
# Broken for good: what passes elsewhere fails by its name after all attempts.
LASTING: Mapping[str, type[ProviderError]] = {
    "429 without headers": RateLimitError,
    "500": UnavailableError,
    "503 HTML": UnavailableError,
    "cut JSON": UnavailableError,
    "cut connection": UnavailableError,
    "hang": UnavailableError,
}


def test_every_fault_has_an_expected_end() -> None:
    assert set(PASSING) | set(FINAL) == set(TRANSPORT_FAULTS) | set(CONTENT_FAULTS)


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("name", CASES)
def test_a_fault_that_passes_loses_and_doubles_nothing(name: str, fault: str) -> None:
    skip_impossible(name, fault)

    n_requests = run_passing(name, fault)

    assert n_requests == undisturbed(name) + CASES[name].passing.get(fault, PASSING[fault])


@pytest.mark.parametrize("fault", FINAL)
@pytest.mark.parametrize("name", CASES)
def test_a_refusal_is_told_at_once(name: str, fault: str) -> None:
    skip_impossible(name, fault)

    error, n_requests = run_failing(name, fault)

    expected, n_expected = FINAL[fault]
    assert type(error) is expected
    assert n_requests == n_expected or (n_expected is None and n_requests <= undisturbed(name) + 1)


@pytest.mark.parametrize("fault", LASTING)
@pytest.mark.parametrize("name", CASES)
def test_a_fault_that_stays_fails_by_its_name_after_all_attempts(name: str, fault: str) -> None:
    skip_impossible(name, fault)

    error, n_requests = run_failing(name, fault)

    assert type(error) is LASTING[fault]
    assert n_requests == ATTEMPTS


@pytest.mark.parametrize("name", CASES)
def test_an_unknown_symbol_is_no_data(name: str) -> None:
    with CASES[name].stand_in(served(name)) as server, pytest.raises(NoDataError, match=UNKNOWN):
        fetch(name, server, UNKNOWN)


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_key_is_told_at_once(name: str) -> None:
    with CASES[name].stand_in(served(name)) as server:
        settings = wrong_key(server.settings)
        if settings == server.settings:
            pytest.skip(f"{name} has no key")
        with pytest.raises(AuthError):
            fetch(name, server, SYMBOL, settings)

        assert len(server.requests) == 1


@pytest.mark.prove
@pytest.mark.parametrize("fault", [*PASSING, *FINAL])
def test_fault_matrix(fault: str, record_proof: Callable[..., None]) -> None:
    ends = {
        name: case.stand_in.impossible.get(fault) or end_of(name, fault)  # type: ignore[attr-defined]
        for name, case in CASES.items()
    }

    record_proof(f"fault: {fault}", **ends)


def end_of(name: str, fault: str) -> str:
    """How a fetch with the fault ends, in words."""
    if fault in PASSING:
        n_requests = run_passing(name, fault)
        return f"all {served(name).height} bars in {n_requests} requests ({undisturbed(name)} undisturbed)"
    error, n_requests = run_failing(name, fault)
    return f"{type(error).__name__} after {n_requests} {'request' if n_requests == 1 else 'requests'}"


def skip_impossible(name: str, fault: str) -> None:
    reason = CASES[name].stand_in.impossible.get(fault)  # type: ignore[attr-defined]
    if reason:
        pytest.skip(f"{name}: {reason}")


def run_passing(name: str, fault: str) -> int:
    """Requests of a fetch of which the second one is broken; all bars come, in order, none twice."""
    case = CASES[name]
    with case.stand_in(served(name), faults={2: fault}, page_rows=case.page_rows) as server:
        bars = fetch(name, server, SYMBOL)
        n_requests = len(server.requests)
    assert bars.select(VALUES).equals(served(name).select(VALUES))
    return n_requests


def run_failing(name: str, fault: str) -> tuple[ProviderError, int]:
    """The error of a fetch of which every request is broken, and the number of requests."""
    case = CASES[name]
    with case.stand_in(served(name), faults={0: fault}, page_rows=case.page_rows) as server:
        with pytest.raises(ProviderError) as caught:
            fetch(name, server, SYMBOL)
        return caught.value, len(server.requests)


@cache
def undisturbed(name: str) -> int:
    """Requests of a fetch in which nothing is broken."""
    case = CASES[name]
    with case.stand_in(served(name), page_rows=case.page_rows) as server:
        assert fetch(name, server, SYMBOL).height == served(name).height
        n_requests = len(server.requests)
    assert n_requests >= 2, "a fault on the second request must hit the middle of a fetch"
    return n_requests


def fetch(name: str, server: StandIn, symbol: str, settings: dict[str, Any] | None = None) -> pl.DataFrame:
    http = {"attempts": ATTEMPTS, "initial_wait_s": 0.01, "read_timeout_s": 0.4, "max_wait_s": 2.0}
    given = {**(settings or server.settings), "http": http}
    access = Access(Settings.model_validate(given), clock=FixedClock(CASES[name].now))
    return pl.concat(list(make_provider(CASES[name].provider or name, access).bars(symbol, span_of(name))))


def wrong_key(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with other secrets, as one who mistyped them has."""
    return {
        section: {
            option: "mistyped-value" if option in {"secret_key", "api_key", "iex_token"} else value
            for option, value in options.items()
        }
        for section, options in settings.items()
    }


def span_of(name: str) -> Span:
    return calendar_for("XNYS").day_span(CASES[name].first, CASES[name].end)


@cache
def served(name: str) -> pl.DataFrame:
    """A random walk over the regular minutes of the case's sessions."""
    case, calendar = CASES[name], calendar_for("XNYS")
    minutes = np.concatenate(
        [calendar.regular_minutes(day) for day in calendar.sessions(case.first, case.end)]
    )
    rng = np.random.default_rng(1)
    close = np.round(400.0 + np.cumsum(rng.normal(0.0, 0.05, minutes.size)), 2)
    opened = np.append(close[0], close[:-1])
    return pl.DataFrame(
        {
            "symbol": SYMBOL,
            "ts": ts_of(minutes),
            "open": opened,
            "high": np.maximum(opened, close),
            "low": np.minimum(opened, close),
            "close": close,
            "volume": rng.integers(100, 10_000, minutes.size).astype(np.float64),
        }
    )
