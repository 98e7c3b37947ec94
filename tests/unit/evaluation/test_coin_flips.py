"""Coins against hand counts, plain sums of the binomial, and tossed coins."""

from math import comb

import numpy as np
import pytest

from quantmill.evaluation.coin_flips import coins_reach_profit, hit_rate_above, hit_rate_below


def test_hit_rates_of_few_coins_by_hand() -> None:
    # Of 16 outcomes of four coins five have three heads or more: more than 55 %. Of 20 coins more than 11 heads.
    assert hit_rate_above(0.55, 4) == pytest.approx(5 / 16)
    assert hit_rate_below(0.5, 4) == pytest.approx(5 / 16)
    assert hit_rate_below(0.5, 3) == pytest.approx(0.5)
    assert hit_rate_above(0.55, 20) == pytest.approx(sum(comb(20, k) for k in range(12, 21)) / 2**20)


@pytest.mark.parametrize("n", [1, 2, 7, 20, 40, 60, 99, 100, 180, 1000])
def test_hit_rates_are_those_that_a_division_gives(n: int) -> None:
    above = sum(comb(n, k) for k in range(n + 1) if k / n > 0.55)
    below = sum(comb(n, k) for k in range(n + 1) if k / n < 0.5)

    assert hit_rate_above(0.55, n) == pytest.approx(above / 2**n, rel=1e-12)
    assert hit_rate_below(0.5, n) == pytest.approx(below / 2**n, rel=1e-12)


def test_a_hit_rate_without_bars_is_unknown() -> None:
    assert np.isnan(hit_rate_above(0.55, [0, np.nan])).all()


def test_many_coins_hardly_ever_reach_it() -> None:
    # Mean 5,000, deviation 50: 5,500 is ten deviations away.
    assert 0.0 < hit_rate_above(0.55, 10_000) < 1e-22


def test_sides_of_two_trades_by_hand() -> None:
    # Moves of 11 and 11 (won 10 after costs of 1), nothing else: 22 - 2, 0 - 2 twice, -22 - 2.
    two = {
        "n_wins": 2,
        "n_losses": 0,
        "average_win_usd": 10.0,
        "average_loss_usd": 0.0,
        "cost_per_trade_usd": 1.0,
    }

    assert coins_reach_profit(20.0, **two) == 0.25
    assert coins_reach_profit(-2.0, **two) == 0.75
    assert coins_reach_profit(20.01, **two) == 0.0


def test_an_open_position_is_one_more_coin() -> None:
    one = {
        "n_wins": 1,
        "n_losses": 0,
        "average_win_usd": 5.0,
        "average_loss_usd": 0.0,
        "cost_per_trade_usd": 0.0,
    }

    assert coins_reach_profit(5.0, **one) == 0.5
    assert coins_reach_profit(5.0, **one, open_profit_usd=1.0) == 0.25


def test_sides_of_nine_trades_are_those_of_tossed_coins() -> None:
    rng = np.random.default_rng(0)
    moves = np.array([40.0 + 2.0] * 6 + [30.0 - 2.0] * 3)
    tossed = (rng.choice([-1.0, 1.0], (200_000, 9)) * moves).sum(axis=1) - 9 * 2.0

    share = coins_reach_profit(
        100.0, n_wins=6, n_losses=3, average_win_usd=40.0, average_loss_usd=-30.0, cost_per_trade_usd=2.0
    )

    assert share == pytest.approx((tossed >= 100.0).mean(), abs=0.004)


def test_too_many_trades_are_refused() -> None:
    with pytest.raises(ValueError, match="too many"):
        coins_reach_profit(
            0.0, n_wins=31, n_losses=0, average_win_usd=1.0, average_loss_usd=0.0, cost_per_trade_usd=0.0
        )
