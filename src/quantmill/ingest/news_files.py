"""Files of articles in the shapes that Massive and Alpaca give them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import polars as pl
from polars.exceptions import PolarsError

from quantmill.errors import DataError, UsageError
from quantmill.ingest.news import NewsBatch
from quantmill.providers.alpaca.news import AlpacaNews, alpaca_articles
from quantmill.providers.files.raw import read_csv
from quantmill.providers.massive.news import MassiveNews, massive_articles

__all__ = ["FoundNewsFiles", "find_news_files", "read_news_file"]

_SUFFIXES: Final = (".json", ".jsonl", ".ndjson", ".parquet", ".csv", ".csv.gz", ".csv.zst")
_HINT: Final = (
    "needed are articles as Massive (published_utc, tickers) or Alpaca (created_at, headline) gives them"
)
# What tells an article's provider, and the list that holds articles in an answer of its server.
_MARKS: Final = {MassiveNews.name: "published_utc", AlpacaNews.name: "headline"}
_LISTS: Final = ("results", "news")
_READERS: Final = {MassiveNews.name: massive_articles, AlpacaNews.name: alpaca_articles}

_Item = dict[str, Any]
_LISTED: Final = ("ticker", "tickers", "symbols", "keywords")
_JSON: Final = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True)
class FoundNewsFiles:
    """Files to read, in order of their path, and those in folders that are left alone, each with the reason."""

    paths: tuple[Path, ...]
    skipped: Mapping[Path, str]


def find_news_files(paths: Sequence[Path]) -> FoundNewsFiles:
    """Files named directly, and the JSON, CSV and Parquet files of folders at any depth, hidden ones left out.

    Raises:
        UsageError: If a path does not exist or nothing is named.
    """
    if not paths:
        raise UsageError("no file given", hint="name files or folders: quantmill news import news.json")
    chosen: dict[Path, None] = {}
    skipped: dict[Path, str] = {}
    for path in paths:
        if not path.exists():
            raise UsageError(f"no file or folder {path}", hint="check the path; nothing was read")
        if path.is_file():
            chosen[path] = None
        for inside in sorted(path.rglob("*")) if path.is_dir() else ():
            hidden = any(part.startswith(".") for part in inside.relative_to(path).parts)
            if hidden or not inside.is_file():
                continue
            if inside.name.lower().endswith(_SUFFIXES):
                chosen[inside] = None
            else:
                skipped[inside] = "none of JSON, JSON lines, CSV and Parquet"
    return FoundNewsFiles(tuple(chosen), skipped)


def read_news_file(path: Path) -> list[NewsBatch]:
    """The articles of a file: answers of a server, bare articles, one JSON value a line, or a table of articles.

    Raises:
        DataError: If the file is empty, damaged, of another format, or holds no articles of these shapes.
    """
    if path.stat().st_size == 0:
        raise DataError(f"{path.name}: the file is empty (0 bytes)", hint="get the file again")
    by_provider: dict[str, list[_Item]] = {}
    for item in _items(path):
        provider = next((name for name, mark in _MARKS.items() if mark in item), None)
        if provider is None:
            raise DataError(f"{path.name}: an article has the fields {', '.join(item) or 'none'}", hint=_HINT)
        by_provider.setdefault(provider, []).append(item)
    if not by_provider:
        raise DataError(f"{path.name}: no article in it", hint=_HINT)
    return [
        NewsBatch(provider, path.name, _READERS[provider](map(msgspec.json.encode, items)))
        for provider, items in by_provider.items()
    ]


def _items(path: Path) -> Iterator[_Item]:
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz", ".csv.zst")):
        yield from _from_table(read_csv(path).to_dicts())
    elif name.endswith(".parquet"):
        try:
            yield from _from_table(pl.read_parquet(path).to_dicts())
        except (PolarsError, OSError) as error:
            raise DataError(
                f"{path.name}: {str(error).splitlines()[0]}", hint="get the file again"
            ) from error
    elif name.endswith(_SUFFIXES):
        yield from _from_json(path, is_lines=name.endswith(("l", ".ndjson")))
    else:
        raise DataError(f"{path.name}: format {path.suffix or 'without suffix'} is unknown", hint=_HINT)


def _from_json(path: Path, *, is_lines: bool) -> Iterator[_Item]:
    body = path.read_bytes()
    try:
        values = _JSON.decode_lines(body) if is_lines else [_JSON.decode(body)]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name}: no JSON: {error}", hint="get the file again") from error
    for value in values:
        for item in _opened(value):
            if not isinstance(item, dict):
                raise DataError(
                    f"{path.name}: found {type(item).__name__} where an article is needed", hint=_HINT
                )
            yield cast("_Item", item)


def _opened(value: object) -> Iterable[object]:
    """The articles of an answer or list, or the one that the value is."""
    if isinstance(value, dict):
        answer = cast("_Item", value)
        held = next((answer[name] for name in _LISTS if isinstance(answer.get(name), list)), None)
        return [answer] if held is None else cast("list[object]", held)
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _from_table(rows: Sequence[_Item]) -> Iterator[_Item]:
    """Articles of a table; rows of one id, each about another symbol, are one article."""
    merged: dict[object, _Item] = {}
    for at, row in enumerate(rows):
        item = _unflattened({name: value for name, value in row.items() if value is not None})
        known = merged.setdefault(item.get("id", at), item)
        if known is not item:
            for name in ("tickers", "symbols", "insights"):
                known[name] = [*known.get(name, ()), *item.get(name, ())]
    yield from merged.values()


def _unflattened(row: _Item) -> _Item:
    """A row as the article's JSON has it: Massive's CSV names one symbol and its sentiment, and lists by commas."""
    item = {name: _split(value) if name in _LISTED else value for name, value in row.items()}
    if "publisher_name" in item:
        item["publisher"] = {"name": item.pop("publisher_name")}
    if "ticker" in item:
        tickers = cast("list[str]", item.pop("ticker"))
        said = {name: item.pop(name) for name in ("sentiment", "sentiment_reasoning") if name in item}
        item["tickers"] = tickers
        # Of several symbols in one cell nobody can tell which one the sentiment is of.
        item["insights"] = [{"ticker": tickers[0], **said}] if said and len(tickers) == 1 else []
    return item


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
