"""What is left of a run's Sharpe ratio, worked by hand."""

import math
from datetime import date

import pytest

from quantmill.core.instants import day_of_date
from quantmill.optimize.ledger import Evidence, record
from quantmill.optimize.significance import findings_of, significance_of, trials_behind
from quantmill.simulation.history import RunRecord
from quantmill.state.engine import State
from tests.runs import run_record

ANNUAL = math.sqrt(252)
FIRST, LAST = "2023-01-03", "2023-05-26"


def run_with(sharpe: float | None, **others: object) -> RunRecord:
    """A run over 101 sessions whose session returns look normal, with a Sharpe ratio per session."""
    metrics = {
        "sharpe": None if sharpe is None else sharpe * ANNUAL,
        "skew": None if sharpe is None else 0.0,
        "kurtosis": None if sharpe is None else 3.0,
    }
    dates = {"first_session": FIRST, "last_session": LAST}
    return run_record("r-test", metrics=metrics, labels={"open_position": "held"}, **{**dates, **others})


def test_probabilities_match_hand_calculation() -> None:
    # As in the leaderboard's test: 0.30 per session over 101 sessions, 10 trials; quantiles of statistics.NormalDist.
    found = significance_of(run_with(0.3), 10)

    assert found.probabilistic_sharpe == pytest.approx(0.998331, abs=2e-6)
    assert found.expected_max_sharpe == pytest.approx(0.1574598 * ANNUAL, rel=2e-6)
    assert found.deflated_sharpe_probability == pytest.approx(0.918398, abs=2e-5)


def test_a_ratio_that_the_search_explains_is_told_with_the_count() -> None:
    run = run_with(0.3)

    first, second = findings_of(run, significance_of(run, 10))

    assert (first.name, first.severity) == ("explained_by_search", "warning")
    # 0.1574598 × √252 = 2.50.
    assert "10 configurations were ever tried" in first.text
    assert "2.50 by luck alone" in first.text
    assert "0.918, more than 0.95 is needed" in first.text
    assert second.name == "open_position"


def test_a_ratio_near_zero_is_not_significant() -> None:
    # z = 0.1 × 10 / √(1 + 0.5 × 0.01) = 0.997509; Φ = 0.8407.
    run = run_with(0.1)

    first = findings_of(run, significance_of(run, 1))[0]

    assert first.name == "not_significant"
    assert "is 0.841, more than 0.95 is needed" in first.text


def test_a_significant_ratio_has_no_finding() -> None:
    # With a single trial the deflated probability is the probabilistic one, 0.998.
    run = run_with(0.3)

    assert [one.name for one in findings_of(run, significance_of(run, 1))] == ["open_position"]


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (run_with(0.3, n_sessions=19), "rests on 19 sessions, at least 20 are needed"),
        (run_with(None), "session returns do not vary"),
    ],
)
def test_what_cannot_be_judged_says_why(run: RunRecord, reason: str) -> None:
    found = significance_of(run, 5)

    assert (found.probabilistic_sharpe, found.deflated_sharpe_probability) == (None, None)
    assert reason in findings_of(run, found)[0].text


def test_trials_of_other_sessions_or_symbols_do_not_count(state: State) -> None:
    first, last = (day_of_date(date.fromisoformat(text)) for text in (FIRST, LAST))
    with state.write() as connection:
        record(connection, Evidence("SPY", first, last), [1, 2], recorded_us=0)
        record(connection, Evidence("SPY", last, last + 9), [2, 3], recorded_us=0)
        record(connection, Evidence("SPY", last + 1, last + 9), [4], recorded_us=0)
        record(connection, Evidence("QQQ", first, last), [1], recorded_us=0)

    with state.read() as connection:
        alone = trials_behind(connection, [run_with(0.3)])
        together = trials_behind(connection, [run_with(0.3), run_with(0.1), run_with(0.1, symbol="QQQ")])

    assert (alone, together) == (3, 4)
