"""When a request is sent again: statuses, pauses that a server asks for, the formula of the waits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantmill.providers.http.pace import Quota
from quantmill.providers.http.retrying import RetryRules, asked_pause_s, is_passing, quota_of

# 2023-11-14 22:13:20 UTC.
NOW_US = 1_700_000_000_000_000


@given(
    attempt=st.integers(1, 30),
    initial_s=st.floats(0.01, 5.0),
    base=st.floats(1.0, 4.0),
    max_wait_s=st.floats(0.1, 120.0),
)
def test_waits_grow_by_the_formula_and_are_capped(
    attempt: int, initial_s: float, base: float, max_wait_s: float
) -> None:
    full = min(initial_s * base ** (attempt - 1), max_wait_s)

    wait_s = RetryRules(30, initial_s, base, max_wait_s).backoff_s(attempt)

    assert 0.5 * full <= wait_s <= full


@pytest.mark.parametrize(
    ("headers", "pause_s"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT"}, 30.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"x-ratelimit-reset": "1700000012"}, 12.0),
        ({"ratelimit-reset": "9"}, 9.0),
        ({"retry-after": "2", "x-ratelimit-reset": "1700000012"}, 2.0),
        ({}, None),
    ],
)
def test_the_pause_that_a_server_asks_for(headers: dict[str, str], pause_s: float | None) -> None:
    assert asked_pause_s(headers, NOW_US) == pause_s


def test_the_limit_that_headers_tell() -> None:
    headers = {"x-ratelimit-limit": "200", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1700000060"}

    assert quota_of(headers, NOW_US) == Quota(200, 0, 1_700_000_060_000_000)
    assert quota_of({"x-ratelimit-limit": "many", "x-ratelimit-reset": "inf"}, NOW_US) == Quota()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_faults_that_may_pass(status: int) -> None:
    assert is_passing(status)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 422])
def test_refusals_that_stay(status: int) -> None:
    assert not is_passing(status)
