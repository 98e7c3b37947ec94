"""Files of articles in every shape."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from quantmill.errors import DataError, UsageError
from quantmill.ingest.news_files import find_news_files, read_news_file

MASSIVE = {"id": "a", "published_utc": "2026-03-02T15:00:00Z", "tickers": ["AAPL", "MSFT"], "title": "T"}
ALPACA = {"id": 7, "created_at": "2026-03-02T15:00:00Z", "symbols": ["AAPL"], "headline": "H"}


def read(path: Path) -> list[tuple[str, list[dict[str, Any]]]]:
    return [(batch.provider, batch.articles.drop("raw").to_dicts()) for batch in read_news_file(path)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps({"status": "OK", "results": [MASSIVE]})),
        ("a.json", json.dumps([MASSIVE])),
        ("a.json", json.dumps(MASSIVE)),
        ("a.jsonl", json.dumps(MASSIVE) + "\n"),
        ("a.ndjson", json.dumps({"results": [MASSIVE]}) + "\n"),
    ],
)
def test_json_is_read_as_answer_list_article_or_lines(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)

    ((provider, (article,)),) = read(tmp_path / name)

    assert (provider, article["id"], article["symbols"]) == ("massive", "a", ["AAPL", "MSFT"])


def test_a_file_may_hold_articles_of_both_providers(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(f"{json.dumps(MASSIVE)}\n{json.dumps({'news': [ALPACA]})}\n")

    assert [(name, articles[0]["title"]) for name, articles in read(tmp_path / "a.jsonl")] == [
        ("massive", "T"),
        ("alpaca", "H"),
    ]


def test_massive_s_csv_is_read_as_its_json(tmp_path: Path, real_data: Path) -> None:
    examples = json.loads((real_data / "payloads" / "massive_openapi_examples.json").read_text())
    (tmp_path / "a.csv").write_text(examples["GET /v2/reference/news 200 text/csv"])
    (tmp_path / "a.json").write_text(json.dumps(examples["GET /v2/reference/news 200 application/json"]))

    assert read(tmp_path / "a.csv") == read(tmp_path / "a.json")


def test_rows_of_one_id_in_a_table_are_one_article(tmp_path: Path) -> None:
    rows = ["a,1772463600000000000,AAPL,positive", "a,1772463600000000000,MSFT,negative"]
    (tmp_path / "a.csv").write_text("\n".join(["id,published_utc,ticker,sentiment", *rows, ""]))

    ((_, (article,)),) = read(tmp_path / "a.csv")

    assert article["published_at"] == datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    assert article["symbols"] == ["AAPL", "MSFT"]
    assert [(said["symbol"], said["sentiment"]) for said in article["insights"]] == [
        ("AAPL", "positive"),
        ("MSFT", "negative"),
    ]


def test_sentiment_of_several_symbols_in_one_cell_is_nobody_s(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        'id,published_utc,ticker,sentiment\na,2026-03-02T15:00:00Z,"A,B",positive\n'
    )

    ((_, (article,)),) = read(tmp_path / "a.csv")

    assert (article["symbols"], article["insights"]) == (["A", "B"], [])


def test_parquet_is_read_with_its_lists(tmp_path: Path) -> None:
    said = [{"ticker": "AAPL", "sentiment": "neutral", "sentiment_reasoning": None}]
    times = {"created_at": datetime(2026, 3, 2, 15, 0, tzinfo=UTC)}
    pl.DataFrame([{**MASSIVE, "insights": said}]).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame([{**ALPACA, **times}]).write_parquet(tmp_path / "b.parquet")

    ((_, (massive,)),) = read(tmp_path / "a.parquet")
    ((_, (alpaca,)),) = read(tmp_path / "b.parquet")

    assert massive["insights"] == [{"symbol": "AAPL", "sentiment": "neutral", "reasoning": None}]
    assert (alpaca["id"], alpaca["published_at"]) == ("7", datetime(2026, 3, 2, 15, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", "", "empty"),
        ("a.json", "{", "no JSON"),
        ("a.json", "[1]", "found int where an article is needed"),
        ("a.json", '{"results": []}', "no article"),
        ("a.json", '{"status": "ERROR"}', "has the fields status"),
        ("a.md", "# news", "format .md is unknown"),
        ("a.parquet", "PAR1", "a.parquet"),
        ("a.csv", "x,y\n1,2\n", "has the fields x, y"),
    ],
)
def test_a_file_without_articles_is_refused_with_a_reason(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(DataError, match=said):
        read_news_file(tmp_path / name)


def test_folders_are_searched_at_any_depth(tmp_path: Path) -> None:
    for name in ("b/c/x.json", "a.jsonl", "notes.md", ".hidden/x.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("[]")

    found = find_news_files([tmp_path])

    assert [path.relative_to(tmp_path).as_posix() for path in found.paths] == ["a.jsonl", "b/c/x.json"]
    assert [path.name for path in found.skipped] == ["notes.md"]
    with pytest.raises(UsageError, match="no file or folder"):
        find_news_files([tmp_path / "nowhere"])
