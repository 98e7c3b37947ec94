"""Fetches the million bars in this process, with our code or with a vendor's, and prints what it cost."""

import json
import os
import resource
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Final

from benchmarks.alpaca_server import FIRST, KEY, LAST, SYMBOLS

# Imports are left out of the CPU time and inside the memory: each function imports before it gives back its work.
Work = Callable[[], int]


def quantmill(url: str, folder: Path) -> Work:
    """Bars from the server to the lake."""
    from quantmill.config.settings import Settings  # noqa: PLC0415 - see above
    from quantmill.core.clock import FixedClock  # noqa: PLC0415 - see above
    from quantmill.ingest.backfill import ingest_symbols  # noqa: PLC0415 - see above
    from quantmill.ingest.chain import Chain  # noqa: PLC0415 - see above
    from quantmill.lake.store import Lake  # noqa: PLC0415 - see above
    from quantmill.providers.access import Access  # noqa: PLC0415 - see above
    from quantmill.state.engine import open_state  # noqa: PLC0415 - see above

    # The limit would only make it wait.
    alpaca = {"base_url": url, "key_id": KEY[0], "secret_key": KEY[1], "requests_per_minute": 1_000_000}
    settings = Settings.model_validate({"alpaca": alpaca})

    # A home is made once; what is measured is what each backfill costs.
    state = open_state(folder / "state.db")
    lake = Lake.open(folder / "lake", state, FixedClock(datetime(2026, 11, 20, tzinfo=UTC)))
    chain = Chain.of(["alpaca"], Access(settings, state))
    return lambda: ingest_symbols(lake, chain, SYMBOLS, FIRST, LAST).rows_stored


def alpaca_py(url: str, _: Path) -> Work:
    """Bars from the server to the vendor's frame."""
    from alpaca.data.historical.stock import StockHistoricalDataClient  # noqa: PLC0415 - see above
    from alpaca.data.requests import StockBarsRequest  # noqa: PLC0415 - see above
    from alpaca.data.timeframe import TimeFrame  # noqa: PLC0415 - see above

    client = StockHistoricalDataClient(*KEY, url_override=url)
    request = StockBarsRequest(
        symbol_or_symbols=list(SYMBOLS),
        timeframe=TimeFrame.Minute,  # pyright: ignore[reportArgumentType] - a property of the class
        start=datetime.combine(FIRST, time(), UTC),
        end=datetime.combine(LAST, time(), UTC),
    )
    return lambda: len(client.get_stock_bars(request).df)


PATHS: Final[dict[str, Callable[[str, Path], Work]]] = {"quantmill": quantmill, "alpaca-py": alpaca_py}


def main(path: str, url: str) -> None:
    """Print rows, CPU seconds of all threads and the highest resident memory."""
    with tempfile.TemporaryDirectory() as folder:
        work = PATHS[path](url, Path(folder))
        before = _cpu_s()
        rows = work()
        cpu_s = _cpu_s() - before
    peak_mb = _peak_mb()
    print(json.dumps({"rows": rows, "cpu_s": cpu_s, "peak_mb": peak_mb}))


def _peak_mb() -> float:
    """Highest resident memory since this program began; `getrusage` would begin with that of its parent."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system


if __name__ == "__main__":
    main(*sys.argv[1:])
