"""The verb `runs compare`: kept runs side by side."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from quantmill.core.panels import LinePanel, Picture
from quantmill.core.progress import Progress
from quantmill.errors import UsageError
from quantmill.optimize.significance import Significance, findings_of, significance_of, trials_behind
from quantmill.simulation.comparability import what_differs
from quantmill.simulation.findings import Finding
from quantmill.simulation.growth import growth_of
from quantmill.simulation.history import RunRecord, get_run, read_equity
from quantmill.simulation.metrics import METRIC_NAMES, METRICS
from quantmill.verbs.json_form import Json, json_of
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, Flag, Request

__all__ = ["READS_ONLY", "ComparedRuns", "RunsCompareRequest", "draw", "run"]

READS_ONLY: Final = True
_DIGEST_SHOWN: Final = 12
_MOST_LINES: Final = 6
_MOST_NAMED: Final = 4
_ALWAYS: Final = frozenset({"model_name", "symbol", "n_sessions"})
_ORIGIN: Final = (
    "model_name",
    "symbol",
    "n_sessions",
    "first_session",
    "last_session",
    "source",
    "model_id",
    "predictions_sha256",
    "feature_set",
    "feature_version",
    "snapshot",
    "input_digest",
    "code_version",
    "is_synthetic",
)
# A digest tells people nothing that the rows before do not.
_ONLY_WITH_ALL: Final = frozenset({"predictions_sha256", "input_digest"})
_MATTER: Final = (
    "total_return_frac",
    "buy_hold_return_frac",
    "sharpe",
    "max_drawdown_frac",
    "n_trades",
    "win_rate_frac",
    "hit_rate_frac",
    "exposure_frac",
    "cost_return_frac",
    "break_even_cost_bps",
)
_JUDGEMENT: Final = (
    "n_trials",
    "probabilistic_sharpe",
    "expected_max_sharpe",
    "deflated_sharpe_probability",
)
_UNITS: Final[Mapping[str, str]] = {
    **{metric.name: metric.unit for metric in METRICS},
    "n_trials": "count",
    "n_sessions": "sessions",
}


class RunsCompareRequest(Request):
    """Compare runs side by side: what differs between them, and what came out.

    Deflated figures count every configuration ever tried on the sessions of any of these runs.
    """

    runs: Annotated[tuple[str, ...], POSITIONAL] = Field(description="Run ids, at least two.")
    everything: Annotated[bool, Flag("--all")] = Field(
        default=False, description="Also parameters that are the same, and all metrics."
    )

    @model_validator(mode="after")
    def _check_runs(self) -> "RunsCompareRequest":
        if len(self.runs) < 2:
            raise ValueError(f"{len(self.runs) or 'no'} run is given; at least two are needed to compare")
        twice = sorted({one for one in self.runs if self.runs.count(one) > 1})
        if twice:
            raise ValueError(f"run {', '.join(twice)} is given twice")
        return self


@dataclass(frozen=True)
class ComparedRuns(Outcome):
    """Runs with their judgement at this moment, and why their figures do not compare, if so.

    Attributes:
        runs: In the order asked for.
        significances: Of each run, among all that was tried on the sessions of any.
        curves: Equity per bar by run id.
        differences: Why the figures do not compare; none when the runs rest on the same bars.
        everything: Whether rows that are the same, and all metrics, are shown.
    """

    runs: tuple[RunRecord, ...]
    significances: tuple[Significance, ...]
    curves: Mapping[str, pl.DataFrame]
    differences: tuple[str, ...]
    everything: bool

    def to_json(self) -> list[Json]:
        """One object per run, with the rows of the table as its fields."""
        findings = self._findings()
        return [
            {
                "run_id": run.run_id,
                **{name: json_of(values[at]) for name, values in self._figures()},
                "findings": json_of(findings[at]),
                "not_comparable": list(self.differences),
            }
            for at, run in enumerate(self.runs)
        ]

    def table(self) -> pl.DataFrame:
        """One row per parameter, metric and finding, one column per run; values as texts that lose nothing."""
        return self._table(_exact)

    def shown_table(self) -> pl.DataFrame:
        """The same with rounded values."""
        return self._table(_rounded)

    def lines(self) -> list[str]:
        """Why the figures do not compare, and how to see more."""
        return [
            *(f"warning: {text}" for text in self.differences),
            "`quantmill runs show RUN` tells the findings of a run in words"
            + ("" if self.everything else "; --all shows all parameters and metrics"),
        ]

    def _table(self, text: Callable[[str, object], str | None]) -> pl.DataFrame:
        rows = [(name, *(text(name, value) for value in values)) for name, values in self._figures()]
        rows += [(name, *severities) for name, severities in self._findings_by_name()]
        columns = ["name", *(run.run_id for run in self.runs)]
        return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String()), orient="row")

    def _figures(self) -> Iterator[tuple[str, list[Any]]]:
        """Name and value per run: where a run comes from, parameters, metrics, judgement."""
        for name in _ORIGIN:
            values = [getattr(run, name) for run in self.runs]
            if self.everything or name in _ALWAYS or (_differ(values) and name not in _ONLY_WITH_ALL):
                yield name, values
        for name in dict.fromkeys(name for run in self.runs for name in run.params):
            values = [run.params.get(name) for run in self.runs]
            if self.everything or _differ(values):
                yield name, values
        for name in METRIC_NAMES if self.everything else _MATTER:
            # The number of sessions stands among the origins already.
            if name != "n_sessions":
                yield name, [run.metrics.get(name) for run in self.runs]
        judged = [asdict(one) for one in self.significances]
        for name in _JUDGEMENT:
            yield name, [one[name] for one in judged]

    def _findings(self) -> list[tuple[Finding, ...]]:
        return [findings_of(run, one) for run, one in zip(self.runs, self.significances, strict=True)]

    def _findings_by_name(self) -> Iterator[tuple[str, list[str | None]]]:
        """Of each finding that a run has, its severity per run."""
        by_run = [{one.name: one.severity for one in findings} for findings in self._findings()]
        for name in dict.fromkeys(name for named in by_run for name in named):
            yield name, [named.get(name) for named in by_run]


def run(mill: Mill, request: RunsCompareRequest, progress: Progress) -> ComparedRuns:
    """The runs in the order asked for.

    Raises:
        NotFoundError: If there is no such run.
    """
    runs = tuple(get_run(mill.state, run_id) for run_id in request.runs)
    curves = {one.run_id: read_equity(mill.lake, one.run_id) for one in runs}
    with mill.state.read() as connection:
        n_trials = trials_behind(connection, runs)
    return ComparedRuns(
        runs,
        tuple(significance_of(one, n_trials) for one in runs),
        curves,
        what_differs(runs, curves),
        request.everything,
    )


def draw(compared: ComparedRuns) -> Picture:
    """Growth of each run's equity over the sessions that all of them have, beside the share where it is the same one.

    Raises:
        UsageError: If there are more runs than colors.
        NoDataError: If no session is common to all.
    """
    runs = compared.runs
    if len(runs) > _MOST_LINES:
        raise UsageError(f"a picture tells at most {_MOST_LINES} runs apart, asked for are {len(runs)}")
    growth = growth_of(runs, compared.curves)
    series = {_line_name(one, len(runs)): growth.equity[one.run_id] for one in runs}
    symbols = sorted({one.symbol for one in runs})
    if len(symbols) == 1:
        series[f"buy & hold {symbols[0]}"] = growth.share[runs[0].run_id]
    panel = LinePanel(
        title="Growth of the equity",
        x_axis=f"sessions since {growth.sessions[0]}, those that all runs have",
        axis="times the start",
        x=np.arange(len(growth.sessions) + 1, dtype=np.float64),
        series=series,
        marks={"start": 1.0},
        is_log=True,
    )
    return Picture(
        title=f"{len(runs)} runs on {', '.join(symbols)}",
        rows=((panel,),),
        heights=(4.6,),
        note="These runs do not rest on the same bars: their figures do not compare."
        if compared.differences
        else "",
    )


def _line_name(one: RunRecord, n_runs: int) -> str:
    """The run, with its model where there is room."""
    return f"{one.run_id} {one.model_name}" if n_runs <= _MOST_NAMED else one.run_id


def _differ(values: list[Any]) -> bool:
    return any(value != values[0] for value in values)


def _exact(_name: str, value: object) -> str | None:
    return None if value is None else str(json_of(value))


def _rounded(name: str, value: object) -> str | None:
    unit = _UNITS.get(name, "")
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float() if unit.startswith("fraction"):
            return f"{100 * value:.2f} %"
        case float() if unit.startswith("USD"):
            return f"{value:,.2f}"
        case float():
            return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.2f}"
        case None:
            return None
        case _:
            return str(value)[:_DIGEST_SHOWN] if name in _ONLY_WITH_ALL else str(value)
