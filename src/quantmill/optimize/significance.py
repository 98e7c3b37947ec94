"""What is left of a run's Sharpe ratio after everything that was ever tried on its sessions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from quantmill.core.instants import day_of_date
from quantmill.evaluation.sharpe import (
    SIGNIFICANCE,
    expected_maximum_sharpe,
    luck_deviation,
    probabilistic_sharpe,
    sharpe_null_reason,
)
from quantmill.optimize.ledger import Evidence, count_trials
from quantmill.simulation.findings import Finding, findings_of_labels
from quantmill.simulation.history import RunRecord
from quantmill.simulation.session_metrics import SESSIONS_PER_YEAR

__all__ = ["Significance", "findings_of", "significance_of", "trials_behind"]


@dataclass(frozen=True, slots=True)
class Significance:
    """How likely a run's Sharpe ratio is real, under the names of the leaderboard; it changes with the trial ledger.

    Attributes:
        n_trials: Configurations that the run may have been picked from.
        probabilistic_sharpe: Probability that the true Sharpe ratio is above zero; None when it cannot be judged.
        expected_max_sharpe: Sharpe ratio that the best of so many trials shows without skill, per √year.
        deflated_sharpe_probability: Probability that the true one is above that.
        null_reason: Why there is no probability, empty when there is one.
    """

    n_trials: int
    probabilistic_sharpe: float | None
    expected_max_sharpe: float
    deflated_sharpe_probability: float | None
    null_reason: str


def trials_behind(connection: Connection, runs: Sequence[RunRecord]) -> int:
    """How many configurations were ever tried on any session that the runs rest on."""
    stretches = {Evidence(run.symbol, _day(run.first_session), _day(run.last_session)): None for run in runs}
    return count_trials(connection, list(stretches))


def significance_of(run: RunRecord, n_trials: int) -> Significance:
    """The probabilities of a run that was picked from `n_trials` configurations.

    Source:
        Bailey and López de Prado (2014), with the deviation that luck alone gives: docs/decisions/0007.
    """
    figures = {name: _float(run.metrics[name]) for name in ("sharpe", "skew", "kurtosis")}
    sharpe = figures["sharpe"] / math.sqrt(SESSIONS_PER_YEAR)
    luck = expected_maximum_sharpe(max(n_trials, 1), 1.0) * float(luck_deviation(run.n_sessions))
    above_zero, above_luck = (
        float(
            probabilistic_sharpe(
                sharpe,
                n_sessions=run.n_sessions,
                skew=figures["skew"],
                kurtosis=figures["kurtosis"],
                benchmark=benchmark,
            )
        )
        for benchmark in (0.0, luck)
    )
    is_judged = not math.isnan(above_zero)
    return Significance(
        n_trials,
        above_zero if is_judged else None,
        luck * math.sqrt(SESSIONS_PER_YEAR),
        above_luck if is_judged else None,
        "" if is_judged else sharpe_null_reason(figures["sharpe"], n_sessions=run.n_sessions),
    )


def findings_of(run: RunRecord, significance: Significance) -> tuple[Finding, ...]:
    """Everything to know about a run at this moment, warnings first."""
    return findings_of_labels({**run.labels, **_labels(significance)})


def _labels(significance: Significance) -> dict[str, str]:
    real, left = significance.probabilistic_sharpe, significance.deflated_sharpe_probability
    needed = f"more than {SIGNIFICANCE} is needed"
    if real is None or left is None:
        return {"not_significant": f"nothing tells skill from luck: {significance.null_reason}"}
    if not real > SIGNIFICANCE:
        return {
            "not_significant": f"the probability that the Sharpe ratio is above zero is {real:.3f}, {needed}"
        }
    if not left > SIGNIFICANCE:
        return {
            "explained_by_search": f"{significance.n_trials:,} configurations were ever tried on these sessions, the best of "
            f"which shows a Sharpe ratio of {significance.expected_max_sharpe:.2f} by luck alone; the probability of more is "
            f"{left:.3f}, {needed}"
        }
    return {}


def _float(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _day(session: str) -> int:
    return day_of_date(date.fromisoformat(session))
