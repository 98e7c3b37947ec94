"""The verb `runs show`: one kept run with its metrics, equity and trades."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.optimize.significance import Significance
from quantmill.simulation.history import RunRecord, get_run, read_equity, read_trades
from quantmill.verbs.json_form import Json
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, Request
from quantmill.verbs.simulate import judged, run_json, run_lines

__all__ = ["READS_ONLY", "RunsShowRequest", "ShownRun", "run"]

READS_ONLY: Final = True


class RunsShowRequest(Request):
    """Show one run with its metrics."""

    run_id: Annotated[str, POSITIONAL] = Field(description="Run id.")
    rows: Literal["metrics", "trades", "equity"] = Field(
        default="metrics", description="What the table and --out hold."
    )
    trades: bool = Field(default=False, description="The list of trades, as --rows trades.")

    @property
    def kind(self) -> Literal["metrics", "trades", "equity"]:
        """Which rows are asked for."""
        return "trades" if self.trades else self.rows


@dataclass(frozen=True)
class ShownRun(Outcome):
    """One kept run and the rows that were asked for."""

    record: RunRecord
    significance: Significance
    rows: pl.DataFrame
    kind: str

    def to_json(self) -> Json:
        """The run as one flat object; with trades or equity, their rows under that name."""
        values = run_json(self.record, self.significance)
        return values if self.kind == "metrics" else {**values, self.kind: self.rows}

    def table(self) -> pl.DataFrame:
        """The rows that were asked for."""
        return self.rows

    def lines(self) -> list[str]:
        """The run in words."""
        return run_lines(self.record, self.significance)


def run(mill: Mill, request: RunsShowRequest, progress: Progress) -> ShownRun:
    """The run with its metrics, trades or equity.

    Raises:
        NotFoundError: If there is no such run.
    """
    record = get_run(mill.state, request.run_id)
    if request.kind == "trades":
        rows = read_trades(mill.lake, record.run_id)
    elif request.kind == "equity":
        rows = read_equity(mill.lake, record.run_id)
    else:
        values = list(record.metrics.values())
        reasons = [record.null_reasons.get(name) for name in record.metrics]
        columns = {"metric": list(record.metrics), "value": values, "reason": reasons}
        rows = pl.DataFrame(
            columns, schema_overrides={"value": pl.Float64, "reason": pl.String}, strict=False
        )
    return ShownRun(record, judged(mill, record), rows, request.kind)
