"""Daily prices and news from the command line: imported, looked at as they were known, refused with a reason."""

import json
from pathlib import Path

import pytest

from tests.command_line import answer, command
from tests.standins.news import MassiveNewsStandIn

DAYS = (
    "DATE,OPEN,HIGH,LOW,CLOSE\n07/21/2025,17,18,16,17.5\n07/22/2025,17,19,16,16.5\n07/23/2025,17,20,17,18.7\n"
)
ARTICLE = {
    "id": "a",
    "published_utc": "2025-07-21T15:00:00Z",
    "title": "Apples",
    "tickers": ["AAPL"],
    "insights": [{"ticker": "AAPL", "sentiment": "positive", "sentiment_reasoning": "sweet"}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "VIX_History.csv").write_text(DAYS)
    (tmp_path / "news.json").write_text(json.dumps({"results": [ARTICLE]}))
    return tmp_path


def test_days_are_imported_once_and_shown_as_they_were_known(folder: Path) -> None:
    home = folder / "home"
    first, second = (answer("daily", "import", folder / "VIX_History.csv", home=home) for _ in range(2))
    shown = answer("daily", "show", "VIX", "--limit", "2", home=home)
    known = answer("daily", "show", "VIX", "--known-at", "2025-07-22T20:14", home=home)

    assert (first["rows_stored"], first["symbols"]) == (3, ["I:VIX"])
    assert (second["rows_stored"], second["rows_existing"], second["snapshot"]) == (0, 3, first["snapshot"])
    assert [(row["session"], row["close"]) for row in shown] == [("2025-07-22", 16.5), ("2025-07-23", 18.7)]
    assert shown[0]["available_at"] == "2025-07-22T20:15:00Z"
    assert [row["close"] for row in known] == [17.5]


def test_news_are_imported_once_and_listed_as_they_were_known(folder: Path) -> None:
    home = folder / "home"
    first, second = (answer("news", "import", folder / "news.json", home=home) for _ in range(2))
    listed = answer("news", "list", "AAPL", home=home)
    known = answer("news", "list", "--known-at", "2025-07-21T15:00", home=home)

    assert (first["stored"], first["sentiments_stored"], first["backfilled"]) == (1, 1, 1)
    assert (second["stored"], second["existing"], second["snapshot"]) == (0, 1, first["snapshot"])
    assert [(row["symbol"], row["sentiment"], row["sentiment_is_backfilled"]) for row in listed] == [
        ("AAPL", "positive", True)
    ]
    assert [(row["title"], row["sentiment"]) for row in known] == [("Apples", None)]
    assert answer("news", "list", "MSFT", home=home) == []
    assert answer("news", "list", "--end", "2025-07-21", home=home) == []


def test_a_daily_file_offered_as_bars_is_told_where_it_belongs(folder: Path) -> None:
    finished = command("import", folder / "VIX_History.csv", home=folder / "home")

    assert finished.code == 1
    assert "I:VIX has daily bars, needed are 1-minute bars" in finished.err
    assert "quantmill daily import" in finished.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("daily", "show", "QQQ"), 3, "no daily rows are stored for QQQ"),
        (("daily", "show", "VIX", "--start", "2025-08-01"), 3, "had no daily rows from 2025-08-01"),
        (("daily", "show", "VIX", "--known-at", "noon"), 2, "needed is an instant"),
        (("news", "list", "--known-at", "2999-01-01"), 2, "yet to come"),
        (("daily", "import", "nowhere.csv"), 2, "no file or folder"),
        (("daily", "import", "{folder}/news.json"), 1, "format .json is unknown"),
        (("news", "import", "{folder}/VIX_History.csv"), 1, "has the fields DATE"),
    ],
)
def test_what_cannot_be_done_is_said_with_the_right_exit_code(
    folder: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    answer("daily", "import", folder / "VIX_History.csv", home=folder / "home")

    finished = command(*(word.format(folder=folder) for word in words), home=folder / "home")

    assert (finished.code, said in finished.err) == (code, True), finished.err


def test_a_folder_with_a_wrong_file_stores_the_others_and_says_so(folder: Path) -> None:
    (folder / "broken.json").write_text("{")

    finished = command("news", "import", folder, home=folder.parent / "home")

    assert finished.code == 1
    assert "1 stored" in finished.out
    assert "broken.json: no JSON" in finished.out


def test_news_are_fetched_from_a_server_once_and_the_key_shows_nowhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = folder / "home"
    with MassiveNewsStandIn(
        [ARTICLE, {**ARTICLE, "id": "b", "published_utc": "2025-08-01T09:00:00Z"}]
    ) as server:
        monkeypatch.setenv("MASSIVE_API_KEY", server.key)
        monkeypatch.setenv("MASSIVE_BASE_URL", server.url)
        monkeypatch.setenv("QUANTMILL_MASSIVE__REQUESTS_PER_MINUTE", "6000")
        words = ("news", "fetch", "AAPL", "--start", "2025-07-01", "--end", "2025-09-01")
        first, second = (answer(*words, home=home) for _ in range(2))
        without_start = command("news", "fetch", "AAPL", home=home)
        unnamed = command("news", "fetch", "--start", "2025-07-01", home=home)

    assert (first["read"], first["stored"], first["sentiments_stored"]) == (2, 2, 2)
    assert (second["read"], second["stored"], second["existing"], second["snapshot"]) == (
        2,
        0,
        2,
        first["snapshot"],
    )
    assert (without_start.code, unnamed.code) == (2, 2)
    assert "needs --start" in without_start.err
    assert "no symbol is named" in unnamed.err
    assert server.key.encode() not in (home / "state.db").read_bytes()
