"""Order, statistics and badges of the leaderboard, worked by hand."""

import math
from typing import Any

import polars as pl
import pytest

from quantmill.errors import UsageError
from quantmill.optimize.leaderboard import with_all_columns
from quantmill.optimize.ranking import LEADERBOARD_COLUMNS, Selection, rank_trials
from quantmill.optimize.trials import TRIAL_SCHEMA

ANNUAL = math.sqrt(252)


def trial(number: int, sharpe: float | None = None, **others: object) -> dict[str, Any]:
    """A completed trial whose session returns look normal, with a Sharpe ratio per session."""
    return {
        "batch_id": "opt_20230103_120000_00000000",
        "trial": number,
        "status": "completed",
        "symbol": "SPY",
        "n_sessions": 101,
        "skew": None if sharpe is None else 0.0,
        "kurtosis": None if sharpe is None else 3.0,
        "sharpe": None if sharpe is None else sharpe * ANNUAL,
        "total_return_frac": 0.0,
        "n_trades": 60,
        "hit_rate_frac": 0.5,
        **others,
    }


def rank(
    rows: list[dict[str, Any]], *, n_trials: int = 10, sort: str | None = None, limit: int | None = None
) -> pl.DataFrame:
    symbols = {row["symbol"] for row in rows}
    selection = Selection(n_trials, dict.fromkeys(symbols, n_trials))
    return rank_trials(pl.DataFrame(rows, TRIAL_SCHEMA).lazy(), selection, sort=sort, limit=limit)


def test_best_deflated_probability_comes_first() -> None:
    board = rank([trial(0, 0.1), trial(1, 0.3), trial(2, -0.2), trial(3, 0.2)])

    assert board["trial"].to_list() == [1, 3, 0, 2]
    assert board["rank"].to_list() == [1, 2, 3, 4]
    assert board.columns == list(LEADERBOARD_COLUMNS)


def test_statistics_match_hand_calculation() -> None:
    # Quantiles and Φ from Python's statistics.NormalDist. Sharpe ratio per session 0.30 over 101 sessions: standard
    # error 1/√100 = 0.1. N = 10:
    # Φ⁻¹(0.9) = 1.281552, Φ⁻¹(1 - 1/(10 e)) = 1.789242, 0.422784 × 1.281552 + 0.577216 × 1.789242 = 1.574598.
    board = rank([trial(0, 0.3), trial(1, -0.05)])

    first = board.row(0, named=True)
    assert first["sharpe_standard_error"] == pytest.approx(0.1 * ANNUAL, rel=1e-12)
    assert first["expected_max_sharpe"] == pytest.approx(0.1574598 * ANNUAL, rel=2e-6)
    # z = (0.3 - 0) √100 / √(1 + 0.5 × 0.09) = 3 / 1.0222524 = 2.934696; Φ = 0.998331.
    assert first["probabilistic_sharpe"] == pytest.approx(0.998331, abs=2e-6)
    # z = (0.3 - 0.1574598) × 10 / 1.0222524 = 1.394374; Φ = 0.918398.
    assert first["deflated_sharpe_probability"] == pytest.approx(0.918398, abs=2e-5)
    assert first["n_trials"] == 10
    assert not first["is_significant"]


@pytest.mark.parametrize("spread", [0.0001, 0.1], ids=["near copies", "skill and costs"])
def test_the_trials_shown_do_not_say_what_luck_gives(spread: float) -> None:
    # A second batch of near copies of a winner would otherwise undo the deflation for all that was tried before.
    board = rank([trial(number, 0.2 + number * spread) for number in range(20)], n_trials=874)

    assert board["sharpe_standard_error"].to_list() == pytest.approx([0.1 * ANNUAL] * 20, rel=1e-12)
    assert not board["is_significant"][-1]


def test_more_trials_in_the_ledger_make_the_same_result_less_likely() -> None:
    rows = [trial(0, 0.5), trial(1, 0.4), trial(2, 0.3)]

    few = rank(rows, n_trials=3).row(0, named=True)
    many = rank(rows, n_trials=3_000).row(0, named=True)

    assert few["is_significant"]
    assert many["deflated_sharpe_probability"] < few["deflated_sharpe_probability"]


def test_a_trial_without_sharpe_ratio_comes_last() -> None:
    known = [trial(number, number / 200) for number in range(12)]
    still = [trial(20 + number, None, n_trades=0) for number in range(5)]

    with_still, without = rank([*still, *known]), rank(known)

    assert with_still["trial"].to_list() == [*range(11, -1, -1), *range(20, 25)]
    assert with_still["expected_max_sharpe"][0] == without["expected_max_sharpe"][0]
    last = with_still.row(-1, named=True)
    assert last["deflated_sharpe_probability"] is None
    assert last["is_significant"] is False


def test_a_lone_trial_of_many_ever_run_is_deflated_by_the_error_of_a_sharpe_ratio() -> None:
    # 1/√(101 - 1) = 0.1 per session. N = 10: 0.1 × 1.574598.
    first = rank([trial(0, 0.3)]).row(0, named=True)

    assert first["expected_max_sharpe"] == pytest.approx(0.1574598 * ANNUAL, rel=2e-6)
    assert first["deflated_sharpe_probability"] < first["probabilistic_sharpe"]


def test_a_probability_that_cannot_be_computed_has_its_reason() -> None:
    board = rank([trial(0, 0.3), trial(1, None), trial(2, 0.2, n_sessions=19)])

    reasons = dict(board.select("trial", "deflated_null_reason").iter_rows())
    assert reasons[0] is None
    assert "do not vary" in reasons[1]
    assert "19 sessions" in reasons[2]


def test_a_failed_trial_stays_visible_at_the_end() -> None:
    failed = dict.fromkeys(("skew", "kurtosis", "sharpe", "n_sessions", "n_trades", "hit_rate_frac"))

    board = rank([trial(0, **failed, status="failed", error="no bars"), trial(1, 0.1)])

    assert board["trial"].to_list() == [1, 0]
    assert board["error"].to_list() == [None, "no bars"]
    assert board["badges"].to_list() == [[], []]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("n_trades", [2, 0, 1]),
        ("-n_trades", [0, 2, 1]),
        ("symbol", [1, 0, 2]),
        ("-symbol", [0, 2, 1]),
        ("deflated_sharpe_probability", [0, 2, 1]),
        ("fee_usd", [0, 2, 1]),
    ],
)
def test_any_column_sorts_and_nulls_come_last(sort: str, expected: list[int]) -> None:
    rows = [
        trial(0, 0.3, symbol="SPY", n_trades=5),
        trial(1, 0.1, symbol="QQQ", n_trades=None),
        trial(2, 0.2, symbol="SPY", n_trades=9),
    ]

    board = rank(rows, sort=sort)

    assert board["trial"].to_list() == expected


def test_limit_shows_the_first_rows_of_the_whole_ranking() -> None:
    board = rank([trial(number, number / 100) for number in range(20)], limit=3)

    assert board["trial"].to_list() == [19, 18, 17]


@pytest.mark.parametrize("sort", ["nonsense", "badges", "-"])
def test_an_unknown_column_is_refused_with_those_that_exist(sort: str) -> None:
    with pytest.raises(UsageError) as caught:
        rank([trial(0, 0.1)], sort=sort)

    assert "sharpe" in caught.value.hint


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(UsageError, match="limit is 0"):
        rank([trial(0, 0.1)], limit=0)


@pytest.mark.parametrize(
    ("hit_rate", "n_trades", "gain", "expected"),
    [
        (0.551, 20, 0.0, ["sweet spot"]),
        (0.551, 50, 0.0, ["sweet spot"]),
        (0.55, 20, 0.0, []),
        (0.551, 51, 0.0, []),
        (0.499, 101, 0.0, ["overfit/noise"]),
        (0.5, 101, 0.0, []),
        (0.499, 100, 0.0, []),
        (0.5, 9, 0.2, ["lucky outlier"]),
        (0.5, 10, 0.2, []),
        (0.5, 0, 0.2, []),
        (0.5, 9, -0.1, []),
    ],
)
def test_badges_follow_the_requirement(
    hit_rate: float, n_trades: int, gain: float, expected: list[str]
) -> None:
    # OPT-6. Nine others without a gain: the best tenth of ten begins between 0 and `gain`.
    rows = [trial(number, 0.01) for number in range(1, 10)]
    rows.append(trial(0, 0.0, hit_rate_frac=hit_rate, n_trades=n_trades, total_return_frac=gain))

    board = rank(rows)

    assert board.filter(trial=0)["badges"].to_list() == [expected]


def test_a_badge_says_how_often_coins_earn_it() -> None:
    rows = [trial(number, 0.01) for number in range(1, 10)]
    # Four coins: three or more heads in 5 of 16 outcomes.
    rows.append(trial(0, 0.0, hit_rate_frac=0.75, n_hit_bars=4, n_trades=20))
    # One trade that won 20 % after costs: its other side loses.
    lucky = {
        "n_trades": 1,
        "win_rate_frac": 1.0,
        "expectancy_usd": 20.0,
        "average_win_usd": 20.0,
        "cost_per_trade_usd": 1.0,
        "initial_cash_usd": 100.0,
    }
    rows.append(trial(10, 0.0, total_return_frac=0.2, **lucky))

    board = rank(rows).sort("trial")

    sweet, outlier = board.row(0, named=True), board.row(10, named=True)
    assert sweet["badges_coin_flip_frac"] == [5 / 16]
    assert sweet["badges_text"] == "sweet spot (coin flips: 31 %)"
    assert outlier["badges_coin_flip_frac"] == [0.5]
    assert outlier["badges_text"] == "lucky outlier (coin flips: 50 %)"
    assert board.row(1, named=True)["badges_text"] == ""


def test_trials_stored_before_a_column_existed_are_shown_without_it() -> None:
    older = pl.DataFrame([trial(0, 0.1)], TRIAL_SCHEMA).lazy().drop("feature_gates")

    board = rank_trials(with_all_columns(older), Selection(1, {"SPY": 1}))

    assert board["feature_gates"].to_list() == [None]
