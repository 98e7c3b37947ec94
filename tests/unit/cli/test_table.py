"""Tables on a terminal show what the frame holds."""

from io import StringIO

import polars as pl
from rich.console import Console

from quantmill.cli.table import show_frame


def test_brackets_in_cells_and_headings_are_shown() -> None:
    out = StringIO()

    show_frame(pl.DataFrame({"price [USD]": ["time[ns, UTC]"]}), Console(file=out, width=80))

    assert "price [USD]" in out.getvalue()
    assert "time[ns, UTC]" in out.getvalue()
