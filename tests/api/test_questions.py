"""What questions are answered with."""

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from quantmill.verbs.mill import Mill
from tests.api.conftest import Connect


def test_a_limit_gives_the_last_bars_in_time_order(reader: TestClient, bars_home: Path) -> None:
    with Mill.open(bars_home) as mill:
        stored = mill.lake.read_bars("SPY", adjust="none").tail(5)

    bars = reader.get("/bars/SPY", params={"limit": 5}).json()

    assert [list(bar) for bar in bars] == [["ts", "open", "high", "low", "close", "volume"]] * 5
    # Three sessions from 2023-11-02, thirty minutes each: the last bar is 2023-11-06 09:59 in New York.
    assert [bar["ts"] for bar in bars] == [f"2023-11-06T14:{minute}:00Z" for minute in range(55, 60)]
    assert [bar["close"] for bar in bars] == stored["close"].to_list()


def test_a_short_address_answers_as_the_long_one(reader: TestClient) -> None:
    for path in ("/symbols", "/bars/SPY", "/models", "/runs", "/health"):
        assert reader.get(path).text == reader.get(f"/api{path}").text


def test_the_default_limit_is_told(
    connect: Connect, bars_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUANTMILL_WEB__DEFAULT_ROWS", "7")
    answer = connect(bars_home).get("/bars/SPY")

    assert len(answer.json()) == 7
    assert answer.headers["Quantmill-Row-Limit"] == "7"


def test_an_answer_too_long_is_refused(
    connect: Connect, bars_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUANTMILL_WEB__MAX_ROWS", "1")
    answer = connect(bars_home).get("/symbols")

    assert answer.status_code == 422
    assert "2 rows" in answer.json()["detail"]


def test_a_symbol_is_understood_as_everywhere(reader: TestClient) -> None:
    assert reader.get("/bars/spy?limit=1").json() == reader.get("/bars/SPY?limit=1").json()


def test_lists_come_with_commas_or_repeated(reader: TestClient) -> None:
    once = reader.get("/api/gaps", params={"symbols": "SPY,QQQ"})
    twice = reader.get("/api/gaps", params={"symbols": ["SPY", "QQQ"]})

    assert once.status_code == twice.status_code == 200
    assert {row["symbol"] for row in once.json()["gaps"]} == {"SPY", "QQQ"}
    assert once.json() == twice.json()


def test_a_query_reads(reader: TestClient) -> None:
    answer = reader.post(
        "/api/sql", json={"query": "SELECT symbol, count(*) AS n FROM bars GROUP BY ALL ORDER BY 1"}
    )

    assert answer.json() == [{"symbol": "QQQ", "n": 90}, {"symbol": "SPY", "n": 90}]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM bars",
        "CREATE TABLE t AS SELECT 1",
        "COPY (SELECT 1) TO '/tmp/x.csv'",
        "WITH a AS (SELECT 1) COPY a TO '/tmp/x.csv'",
        "SELECT 1; DROP VIEW bars",
        "SELECT * FROM read_csv('/etc/passwd')",
        "ATTACH '/tmp/x.db'",
        "INSTALL httpfs",
    ],
)
def test_a_query_that_does_more_than_read_is_refused(reader: TestClient, query: str) -> None:
    answer = reader.post("/api/sql", json={"query": query})

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:quantmill:error:QueryError"


def test_numbers_that_do_not_exist_are_null(reader: TestClient) -> None:
    query = "SELECT 'nan'::DOUBLE AS a, 'inf'::DOUBLE AS b, 0.1::DOUBLE AS c, 0.1::FLOAT AS d"
    answer = reader.post("/api/sql", json={"query": query})

    assert json.loads(answer.text, parse_constant=pytest.fail) == [{"a": None, "b": None, "c": 0.1, "d": 0.1}]


def test_settings_do_not_show_secrets(
    connect: Connect, bars_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUANTMILL_WEB__TOKEN", "correct-horse-battery")
    answer = connect(bars_home, headers={"Authorization": "Bearer correct-horse-battery"}).get("/api/config")

    assert answer.status_code == 200
    assert "correct-horse" not in answer.text
