"""The phase of bars, by hand."""

from datetime import UTC, datetime

import polars as pl

from quantmill.lake.phases import with_phase
from quantmill.testing.lakes import make_bars


def test_phase_follows_each_symbols_calendar() -> None:
    def bar(symbol: str, day: int, hour: int, minute: int) -> pl.DataFrame:
        return make_bars(symbol, 1, start=datetime(2024, 7, day, hour, minute, tzinfo=UTC))

    # The 3rd is a half day, 09:30 to 13:00 in New York (UTC-4); the 4th is a holiday.
    cases = [
        (bar("SPY", 3, 13, 29), "pre"),
        (bar("X:BTC-USD", 3, 3, 0), "regular"),
        (bar("SPY", 3, 13, 30), "regular"),
        (bar("I:VIX", 3, 16, 59), "regular"),
        (bar("SPY", 3, 17, 0), "post"),
        (bar("SPY", 4, 3, 59), "post"),
        (bar("SPY", 4, 15, 0), None),
        (bar("X:BTC-USD", 4, 15, 0), "regular"),
    ]

    labeled = with_phase(pl.concat([frame for frame, _ in cases]))

    assert labeled["phase"].to_list() == [phase for _, phase in cases]
    assert with_phase(labeled.clear().drop("phase")).schema["phase"] == pl.String()
