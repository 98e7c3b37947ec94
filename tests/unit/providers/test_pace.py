"""The pace of requests: no window sees more than the limit, however requests arrive, and answers are heeded."""

from hypothesis import given
from hypothesis import strategies as st

from quantmill.providers.http.pace import MINUTE_US, Pace, Quota

START_US = 1_700_000_000_000_000


def most_in_a_window(sent_us: list[int], window_us: int) -> int:
    ordered = sorted(sent_us)
    return max(sum(at <= other < at + window_us for other in ordered) for at in ordered)


@given(
    limit=st.integers(1, 300),
    window_us=st.sampled_from([1_000_000, MINUTE_US, 60 * MINUTE_US]),
    gaps=st.lists(st.floats(0.0, 1.5), min_size=1, max_size=200),
    burst=st.integers(0, 100),
)
def test_no_window_sees_more_than_the_limit(
    limit: int, window_us: int, gaps: list[float], burst: int
) -> None:
    # Gaps in shares of the window divided by the limit: faster and slower than allowed, after a sudden crowd.
    pace, now_us, sent = Pace(limit, window_us), START_US, list[int]()
    for gap in [0.0] * burst + gaps:
        now_us += round(gap * window_us / limit)
        pace, at_us = pace.reserve(now_us)
        assert at_us >= now_us
        sent.append(at_us)

    assert most_in_a_window(sent, window_us) <= limit


@given(
    limit=st.integers(1, 60),
    arrivals=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2_000_000)), min_size=1, max_size=120),
)
def test_processes_that_take_turns_share_the_limit(limit: int, arrivals: list[tuple[int, int]]) -> None:
    # Each of four processes waits for its own place before it asks again; all read and write one pace.
    pace, free_us, sent = Pace(limit), [START_US] * 4, list[int]()
    for process, pause_us in sorted(arrivals, key=lambda arrival: arrival[1]):
        pace, at_us = pace.reserve(free_us[process] + pause_us)
        free_us[process] = max(free_us[process], at_us)
        sent.append(at_us)

    assert most_in_a_window(sent, MINUTE_US) <= limit


def test_an_idle_key_may_send_a_twentieth_at_once_and_nine_tenths_steadily() -> None:
    # Of 200 a minute: 10 at once, then one each 60 / 180 s.
    pace, sent = Pace(200), list[int]()
    for _ in range(12):
        pace, at_us = pace.reserve(START_US)
        sent.append(at_us - START_US)

    assert sent == [0] * 10 + [333_333, 666_666]


def test_nothing_is_sent_before_the_end_of_a_block() -> None:
    pace, at_us = Pace(200).block(START_US + 5_000_000).reserve(START_US)
    _, later_us = pace.block(START_US + 1_000_000).reserve(START_US)

    assert at_us == START_US + 5_000_000
    assert later_us >= START_US + 5_000_000


def test_a_lower_limit_of_the_provider_holds_and_a_higher_one_does_not() -> None:
    assert Pace(200).learn(Quota(limit=50)).limit == 50
    assert Pace(200).learn(Quota(limit=10_000)).limit == 200
    assert Pace(200).learn(Quota(limit=0)).limit == 200


def test_a_spent_limit_blocks_until_it_is_reset() -> None:
    reset_us = START_US + 7_000_000

    assert Pace(200).learn(Quota(remaining=0, resets_us=reset_us)).blocked_until_us == reset_us
    assert Pace(200).learn(Quota(remaining=1, resets_us=reset_us)).blocked_until_us == 0
    assert Pace(200).learn(Quota(remaining=0)).blocked_until_us == 0
