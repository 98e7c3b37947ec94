"""Which articles of a page can be stored, what is wrong with the others, and what is said of which symbol."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from quantmill.core.calendar import FIRST_DATE
from quantmill.core.digest import canonical_json
from quantmill.core.news import INSIGHT, SENTIMENT_SCORES
from quantmill.core.symbols import canonical_symbol
from quantmill.errors import UsageError

__all__ = ["REASONS", "ValidatedNews", "validate_news"]

REASONS: Final[dict[str, str]] = {
    "missing_id": "the article has no id, or a field of another type than the provider documents",
    "no_publication_time": "the time of publication is missing, cannot be read or has no zone",
    "too_old": f"the article was published before {FIRST_DATE:%Y}",
    "yet_to_come": "the article was published or updated after the present",
    "unknown_sentiment": f"a sentiment is none of {', '.join(SENTIMENT_SCORES)}",
}


@dataclass(frozen=True, slots=True)
class ValidatedNews:
    """A page sorted out.

    `articles` have the columns of dataset `news` but for the provider; their symbols are canonical. `insights` are
    `id, symbol, sentiment, reasoning`, each (id, symbol) once. `bad` articles and `bad_insights` have `symbol, ts, reason, raw`.
    `n_unknown_symbols` counts names that are no symbol of ours, such as pairs of currencies.
    """

    articles: pl.DataFrame
    insights: pl.DataFrame
    bad: pl.DataFrame
    bad_insights: pl.DataFrame
    n_unknown_symbols: int


def validate_news(page: pl.DataFrame, *, now: datetime) -> ValidatedNews:
    """Sort a frame of `NEWS_SCHEMA` into what can be stored and what cannot.

    Args:
        page: Articles as a provider gave them.
        now: The present; an article from later is refused.
    """
    first = datetime(FIRST_DATE.year, FIRST_DATE.month, FIRST_DATE.day + 1, tzinfo=now.tzinfo)
    out = pl.max_horizontal("published_at", "updated_at")
    rests = {
        "missing_id": pl.col("id").is_null(),
        "no_publication_time": pl.col("published_at").is_null(),
        "too_old": pl.col("published_at") < first,
        "yet_to_come": out > now,
    }
    reason = pl.coalesce(
        pl.when(broken.fill_null(value=False)).then(pl.lit(name)) for name, broken in rests.items()
    )
    judged = page.with_columns(reason.alias("reason"))
    bad = judged.filter(pl.col("reason").is_not_null())
    good = judged.filter(pl.col("reason").is_null())
    names = _names(good)
    known = {name: symbol for name in names if (symbol := _symbol(name)) is not None}
    said = (
        good.select("id", "published_at", "insights")
        .explode("insights", empty_as_null=False, keep_nulls=False)
        .unnest("insights")
        .with_columns(pl.col("symbol").replace_strict(known, default=None, return_dtype=pl.String))
        .drop_nulls("symbol")
    )
    is_known = pl.col("sentiment").is_in(list(SENTIMENT_SCORES)).fill_null(value=False)
    return ValidatedNews(
        _articles(good, known, out),
        said.filter(is_known).unique(["id", "symbol"], keep="last", maintain_order=True),
        _quarantined(
            bad.with_columns(pl.lit(None, pl.String).alias("symbol"), pl.col("published_at").alias("ts"))
        ),
        _quarantined(_as_bad(said.filter(~is_known))),
        len(names) - len(known),
    )


def _articles(good: pl.DataFrame, known: dict[str, str], out: pl.Expr) -> pl.DataFrame:
    lists = good["symbols"].to_list()
    symbols = [
        _listed(dict.fromkeys(known[name] for name in names or () if name in known)) for names in lists
    ]
    keywords = [_listed(names or ()) for names in good["keywords"].to_list()]
    return good.with_columns(
        pl.Series("symbols", symbols, dtype=pl.String),
        pl.Series("keywords", keywords, dtype=pl.String),
        out.alias("available_at"),
    ).drop("insights", "raw", "reason")


def _listed(names: Sequence[str] | dict[str, None]) -> str:
    return canonical_json(list(names))


def _names(good: pl.DataFrame) -> list[str]:
    """Every name of a symbol that the articles use."""
    listed = good.select(pl.col("symbols").explode())
    about = good.select(pl.col("insights").explode().struct.field("symbol").alias("symbols"))
    return pl.concat([listed, about]).to_series().drop_nulls().unique().sort().to_list()


def _symbol(name: str) -> str | None:
    try:
        return canonical_symbol(name)
    except UsageError:
        return None


def _as_bad(said: pl.DataFrame) -> pl.DataFrame:
    fields = ["id", *(field.name for field in INSIGHT.fields)]
    raw = [json.dumps(row) for row in said.select(fields).to_dicts()]
    return said.select(
        "symbol",
        pl.col("published_at").alias("ts"),
        pl.lit("unknown_sentiment").alias("reason"),
        pl.Series("raw", raw, dtype=pl.String),
    )


def _quarantined(bad: pl.DataFrame) -> pl.DataFrame:
    return bad.select("symbol", "ts", "reason", "raw")
