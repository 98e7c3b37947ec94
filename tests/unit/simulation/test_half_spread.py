"""Half spreads by price and minute."""

import numpy as np
import pytest

from quantmill.errors import UsageError
from quantmill.simulation.half_spread import (
    SPREAD_PROFILES,
    half_spread,
    read_spread_steps,
    spread_factors,
)
from tests.markets import market_of

STEPS = "0:3,5:2,30:1,-30:1.25,-10:1.5"


def factors(profile: str, minutes: list[int], *, session_minutes: int) -> list[float]:
    length = np.full(len(minutes), session_minutes)
    return spread_factors(read_spread_steps(profile), np.array(minutes), length).tolist()


def test_the_step_that_began_last_holds() -> None:
    # The close is at minute 390: -30 begins at 360, -10 at 380.
    minutes = [0, 4, 5, 29, 30, 359, 360, 379, 380, 389]

    assert factors(STEPS, minutes, session_minutes=390) == [3, 3, 2, 2, 1, 1, 1.25, 1.25, 1.5, 1.5]


def test_a_half_day_widens_before_its_own_close() -> None:
    assert factors(STEPS, [0, 179, 180, 200], session_minutes=210) == [3, 1, 1.25, 1.5]


def test_sessions_of_both_lengths_in_one_market() -> None:
    both = spread_factors(read_spread_steps("-10:2"), np.array([200, 200, 385]), np.array([390, 210, 390]))

    assert both.tolist() == [1.0, 2.0, 2.0]


def test_before_the_first_step_and_without_steps_the_factor_is_one() -> None:
    assert factors("10:2", [0, 9, 10], session_minutes=390) == [1, 1, 2]
    assert factors("flat", [0, 389], session_minutes=390) == [1, 1]


def test_intraday_is_widest_at_the_open_and_wider_again_at_the_close() -> None:
    day = factors("intraday", list(range(390)), session_minutes=390)

    assert max(day) == day[0] == 3.0
    assert min(day) == day[200] == 1.0
    assert 1.0 < day[-1] < day[0]


def test_half_spread_by_hand() -> None:
    # Minute 0: 0.5 bp of 400 is 2 cents, tripled; minute 1: the least half cent, as it is; never above the price.
    market = market_of([400.0, 50.0, 0.001])

    spread = half_spread(market, market.close, bps=0.5, least_usd=0.005, by_minute="0:3,1:1")

    assert spread == pytest.approx([0.06, 0.005, 0.001])


@pytest.mark.parametrize("profile", ["steep", "0", "0:x", "x:1", "0:-1", "0:nan", "0:inf", "0:1,0:2", "0:1,"])
def test_texts_that_are_no_profile_are_refused(profile: str) -> None:
    with pytest.raises(UsageError, match="spread_by_minute is") as caught:
        read_spread_steps(profile)

    assert all(name in caught.value.hint for name in SPREAD_PROFILES)
