"""Fetches the million bars in this process, with our code or with a vendor's, and prints what it cost."""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.alpaca_server import KEY as ALPACA_KEY
from benchmarks.massive_server import KEY as MASSIVE_KEY
from benchmarks.peak import peak_bytes
from benchmarks.serving import FIRST, LAST, SYMBOLS

# Imports are left out of the CPU time and inside the memory: each function imports before it gives back its work.
Work = Callable[[], int]


def quantmill(provider: str, credentials: dict[str, str], url: str, folder: Path) -> Work:
    """Bars from the server to the lake."""
    from quantmill.config.settings import Settings  # noqa: PLC0415 - see above
    from quantmill.core.clock import FixedClock  # noqa: PLC0415 - see above
    from quantmill.ingest.backfill import ingest_symbols  # noqa: PLC0415 - see above
    from quantmill.ingest.chain import Chain  # noqa: PLC0415 - see above
    from quantmill.lake.store import Lake  # noqa: PLC0415 - see above
    from quantmill.providers.access import Access  # noqa: PLC0415 - see above
    from quantmill.state.engine import open_state  # noqa: PLC0415 - see above

    # The limit would only make it wait.
    server = {"base_url": url, "requests_per_minute": 1_000_000, **credentials}
    settings = Settings.model_validate({provider: server})

    # A home is made once; what is measured is what each backfill costs.
    state = open_state(folder / "state.db")
    lake = Lake.open(folder / "lake", state, FixedClock(datetime(2026, 11, 20, tzinfo=UTC)))
    chain = Chain.of([provider], Access(settings, state))
    return lambda: ingest_symbols(lake, chain, SYMBOLS, FIRST, LAST).rows_stored


def alpaca_py(url: str, _: Path) -> Work:
    """Bars from the server to the vendor's frame."""
    from alpaca.data.historical.stock import StockHistoricalDataClient  # noqa: PLC0415 - see above
    from alpaca.data.requests import StockBarsRequest  # noqa: PLC0415 - see above
    from alpaca.data.timeframe import TimeFrame  # noqa: PLC0415 - see above

    client = StockHistoricalDataClient(*ALPACA_KEY, url_override=url)
    request = StockBarsRequest(
        symbol_or_symbols=list(SYMBOLS),
        timeframe=TimeFrame.Minute,  # pyright: ignore[reportArgumentType] - a property of the class
        start=datetime.combine(FIRST, time(), UTC),
        end=datetime.combine(LAST, time(), UTC),
    )
    return lambda: len(client.get_stock_bars(request).df)


def massive(url: str, _: Path, *, as_frame: bool) -> Work:
    """Bars from the server to a list of the vendor's objects, and the frame that pandas makes of it."""
    import pandas as pd  # noqa: PLC0415 - see above
    from massive import RESTClient  # noqa: PLC0415 - see above

    client = RESTClient(MASSIVE_KEY, base=url)
    start, end = datetime.combine(FIRST, time(), UTC), datetime.combine(LAST, time(), UTC)
    last = end - timedelta(milliseconds=1)

    def work() -> int:
        bars: list[object] = []
        for symbol in SYMBOLS:
            bars += client.list_aggs(symbol, 1, "minute", start, last, adjusted=False, limit=50_000)
        return len(pd.DataFrame(bars)) if as_frame else len(bars)

    return work


PATHS: Final[dict[str, Callable[[str, Path], Work]]] = {
    "quantmill alpaca": partial(quantmill, "alpaca", {"key_id": ALPACA_KEY[0], "secret_key": ALPACA_KEY[1]}),
    "quantmill massive": partial(quantmill, "massive", {"api_key": MASSIVE_KEY}),
    "alpaca-py": alpaca_py,
    "massive": partial(massive, as_frame=True),
    "massive objects": partial(massive, as_frame=False),
}


def main(path: str, url: str) -> None:
    """Print rows, CPU seconds of all threads and the highest resident memory."""
    with tempfile.TemporaryDirectory() as folder:
        work = PATHS[path](url, Path(folder))
        before = _cpu_s()
        rows = work()
        cpu_s = _cpu_s() - before
    peak_mb = peak_bytes() / 1024**2
    print(json.dumps({"rows": rows, "cpu_s": cpu_s, "peak_mb": peak_mb}))


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system


if __name__ == "__main__":
    main(*sys.argv[1:])
