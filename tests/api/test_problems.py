"""Errors as problem documents."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import quantmill.errors
from quantmill.errors import LeakageError, QuantmillError, RateLimitError
from quantmill.verbs.registry import Verb
from quantmill.web.problems import STATUS, problem_of, problem_response
from tests.api.conftest import Connect

PROBLEM = "application/problem+json"


def test_every_error_type_is_mapped() -> None:
    types = {
        value
        for value in vars(quantmill.errors).values()
        if isinstance(value, type) and issubclass(value, QuantmillError)
    }

    assert {kind.__name__ for kind in types - set(STATUS)} == set()


def test_a_problem_carries_the_facts_of_its_error() -> None:
    problem = problem_of(LeakageError(fold=2, gap_bars=1, needed_bars=5))

    assert problem.status == 422
    assert problem.type == "urn:quantmill:error:LeakageError"
    assert problem.facts == {"fold": 2, "gap_bars": 1, "needed_bars": 5}
    assert problem.hint == LeakageError.hint


def test_a_rate_limit_says_how_long_to_wait() -> None:
    answer = problem_response(RateLimitError("too fast", wait_s=12.4))

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "12"


def test_a_field_that_does_not_fit_is_named(reader: TestClient) -> None:
    answer = reader.get("/bars/SPY", params={"limit": -1})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["errors"] == [
        {"field": "limit", "found": "'-1'", "needed": "Input should be greater than or equal to 1"}
    ]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/", 404),
        ("GET", "/bars/", 404),
        ("DELETE", "/symbols", 405),
        ("GET", "/bars/NOPE", 404),
        ("GET", "/bars/not%20a%20symbol", 422),
        ("GET", "/bars/SPY?start=2030-01-02", 404),
        ("GET", "/bars/SPY?start=2024-02-01&end=2024-01-01", 422),
        ("GET", "/bars/SPY?limit=2&limit=3", 422),
        ("GET", "/bars/SPY?symbol=QQQ", 422),
        ("GET", "/bars/SPY?limit=1000000", 422),
        ("GET", "/bars/SPY?colour=red", 422),
        ("GET", "/api/models/none", 404),
        ("GET", "/api/runs/r-none", 404),
        ("GET", "/leaderboard", 404),
        ("GET", "/api/jobs/j-none", 404),
        ("POST", "/api/jobs/j-none/cancel", 404),
        ("POST", "/api/train", 422),
        ("POST", "/api/ingest/SPY?force=true", 422),
    ],
)
def test_what_cannot_be_answered_is_a_problem(
    reader: TestClient, method: str, path: str, status: int
) -> None:
    answer = reader.request(method, path)

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["status"] == status
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 422),
        (b"[1]", 422),
        (b'{"query": NaN}', 422),
        (b'{"query": "SELECT 1", "limit": 1e999}', 422),
        (b'{"query": "\\u0000"}', 422),
        (b'{"query": "\\ud800"}', 422),
        (b"\xff", 422),
        (b"[" * 100_000, 422),
        (b'{"query": "' + b"x" * 1_000_001 + b'"}', 413),
    ],
)
def test_a_body_that_cannot_be_meant_is_a_problem(reader: TestClient, body: bytes, status: int) -> None:
    answer = reader.post("/api/sql", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM


def test_a_body_of_another_kind_is_refused(reader: TestClient) -> None:
    answer = reader.post("/api/sql", data={"query": "SELECT 1"})

    assert answer.status_code == 415


def test_a_home_that_does_not_exist_is_not_made_by_a_question(connect: Connect, home: Path) -> None:
    client = connect(home)

    assert client.get("/symbols").status_code == 404
    assert client.get("/health").json()["snapshot"] is None
    assert not home.exists()


def test_a_fault_is_told_without_its_inside(
    connect: Connect, bars_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Verb) -> object:
        raise ZeroDivisionError("secret path /srv/x")

    client = connect(bars_home, raise_server_exceptions=False)
    monkeypatch.setattr(Verb, "run", broken)
    answer = client.get("/symbols")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == PROBLEM
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text
