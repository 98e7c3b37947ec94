"""A server of IEX Cloud's protocol in the slot of IEX: when it is asked, New York's minutes, a token that nobody sees."""

import logging
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from quantmill.config.settings import Settings
from quantmill.core.calendar import calendar_for
from quantmill.errors import AuthError, ConfigError, NotEntitledError, UnavailableError
from quantmill.providers.access import Access
from quantmill.providers.iex.bars import IexProvider
from quantmill.providers.iex.cloud import IexCloudProvider
from quantmill.providers.registry import make_provider
from quantmill.testing.lakes import make_bars
from tests.standins.iex_cloud import IexCloudStandIn

SERVER = "http://127.0.0.1:9"


def made(**tiingo: str) -> Any:  # noqa: ANN401 - either provider
    return make_provider("iex", Access(Settings.model_validate({"tiingo": tiingo})))


def access(server: IexCloudStandIn) -> Access:
    return Access(
        Settings.model_validate({**server.settings, "http": {"attempts": 2, "initial_wait_s": 0.0}})
    )


def test_a_token_alone_is_answered_with_its_end() -> None:
    with pytest.raises(ConfigError, match="shut down on 2024-08-31"):
        made(iex_token="sk_1")


def test_a_token_with_a_server_is_used_and_tiingo_goes_before_it() -> None:
    assert isinstance(made(iex_token="sk_1", iex_base_url=SERVER), IexCloudProvider)
    assert isinstance(made(iex_token="sk_1", iex_base_url=SERVER, api_key="t"), IexProvider)


@pytest.mark.parametrize(
    ("session", "minute"),
    # The open, 09:30 in New York, before and after its clocks changed on 2024-03-10.
    [
        (date(2024, 3, 8), datetime(2024, 3, 8, 14, 30, tzinfo=UTC)),
        (date(2024, 3, 11), datetime(2024, 3, 11, 13, 30, tzinfo=UTC)),
    ],
)
def test_minutes_are_those_of_new_york(session: date, minute: datetime) -> None:
    bars = make_bars("SPY", 3, start=minute)
    span = calendar_for("XNYS").day_span(session, date(2024, 3, 12))

    with IexCloudStandIn(bars, n_nulls=2) as server:
        found = pl.concat(list(IexCloudProvider(access(server)).bars("SPY", span)))

        assert server.requests[0].path == f"/stable/stock/spy/chart/date/{session:%Y%m%d}"
    assert found["ts"].to_list() == bars["ts"].to_list()
    assert found["close"].to_list() == [100.0, 100.01, 100.02]
    assert set(zip(found["provider"], found["feed"], strict=True)) == {("iex", "cloud")}


@pytest.mark.parametrize(
    ("fault", "kind"), [("500", UnavailableError), ("403 not entitled", NotEntitledError)]
)
def test_the_token_is_in_no_log_and_no_error(
    fault: str, kind: type[Exception], logged: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("quantmill"), "propagate", True)
    span = calendar_for("XNYS").day_span(date(2024, 3, 12), date(2024, 3, 13))

    with IexCloudStandIn(make_bars("SPY", 3), faults={0: fault}) as server:
        with pytest.raises(kind) as caught:
            list(IexCloudProvider(access(server)).bars("SPY", span))

        assert server.requests[0].query["token"] == server.key
    told = "\n".join(str(record.__dict__) + record.getMessage() for record in logged.records)
    assert "chart/date/20240312" in told
    assert server.key not in told + str(caught.value) + repr(caught.value.__cause__)


def test_a_wrong_token_is_told_at_once() -> None:
    span = calendar_for("XNYS").day_span(date(2024, 3, 12), date(2024, 3, 13))
    with IexCloudStandIn(make_bars("SPY", 3)) as server:
        asked = access(server)
        server.key = "another"
        with pytest.raises(AuthError):
            list(IexCloudProvider(asked).bars("SPY", span))

        assert len(server.requests) == 1
