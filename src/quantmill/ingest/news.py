"""Articles and their sentiment into the lake, in one commit."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import msgspec
import polars as pl
from sqlalchemy import Connection

from quantmill.core.bars import UTC_TIME
from quantmill.core.news import SENTIMENT_SCORES
from quantmill.core.span import Span
from quantmill.errors import CommitConflictError
from quantmill.ingest.news_validation import ValidatedNews, validate_news
from quantmill.ingest.quarantine import quarantine_others
from quantmill.lake.datasets import NEWS, NEWS_SENTIMENT
from quantmill.lake.news import is_backfilled
from quantmill.lake.staging import Staged
from quantmill.lake.store import Lake

__all__ = ["NewsBatch", "NewsTally", "store_news"]

Completing = Callable[[], AbstractContextManager[Connection]]

_ATTEMPTS: Final = 20
_DATED: Final = ["id", "published_at", "available_at"]
_TEXTS: Final = ["updated_at", "title", "author", "source", "url", "symbols", "keywords", "summary"]
_SAYS: Final = ["sentiment", "reasoning"]


@dataclass(frozen=True, slots=True)
class NewsBatch:
    """Articles of one provider as a frame of `NEWS_SCHEMA`, and where they come from: a file's name or `api`."""

    provider: str
    source: str
    articles: pl.DataFrame


@dataclass
class NewsTally:
    """Counts of what became of articles; each one read is in exactly one of the first group.

    `read = stored + revised + existing + duplicate + quarantined`, where `revised` are new versions of known articles,
    `existing` those stored before and `duplicate` those that came more than once. Sentiments are counted apart, by
    article and symbol; `backfilled` are those of the stored ones that came more than 15 minutes after their article.
    """

    read: int = 0
    stored: int = 0
    revised: int = 0
    existing: int = 0
    duplicate: int = 0
    quarantined: int = 0
    sentiments_stored: int = 0
    sentiments_revised: int = 0
    sentiments_existing: int = 0
    sentiments_quarantined: int = 0
    backfilled: int = 0
    unknown_symbols: int = 0
    reasons: Counter[str] = field(default_factory=Counter[str])
    snapshot: int = 0

    def add(self, other: "NewsTally") -> None:
        """Count another batch too."""
        for name, value in vars(other).items():
            if name == "reasons":
                self.reasons.update(value)
            elif name != "snapshot":
                setattr(self, name, getattr(self, name) + value)
        self.snapshot = max(self.snapshot, other.snapshot)


def store_news(
    lake: Lake, batches: Sequence[NewsBatch], *, completing: Completing | None = None, note: str = "news"
) -> NewsTally:
    """Store articles that are new or changed, and what is said of their symbols; twice stores nothing new.

    An article keeps the time of publication that it was first stored with. A changed text is another version, known
    from its `updated_at` on, and from now on where that tells no later time than a stored version. Sentiment is known
    from now on. What equals any stored version is none: a file read again never brings an old text or sentiment back.

    Args:
        lake: Where to.
        batches: Articles; those of one provider count together, of equal ids and times the last one.
        completing: Transaction to publish in; its caller repeats the work after a CommitConflictError.
        note: A line for people.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        tally = NewsTally()
        before = lake.snapshot()
        staged: list[Staged] = []
        try:
            _stage(lake, batches, tally, staged)
            # Versions were told apart by what was stored at `before`.
            is_current = all(part.base_snapshot == before for part in staged)
            if is_current:
                tally.snapshot = _publish(lake, staged, completing, note)
                return tally
        except CommitConflictError:
            lake.discard(staged)
            if completing is not None or attempt == _ATTEMPTS:
                raise
            continue
        except BaseException:
            lake.discard(staged)
            raise
        lake.discard(staged)
    raise CommitConflictError("other writers changed the lake each time that news were to be stored")


def _stage(lake: Lake, batches: Sequence[NewsBatch], tally: NewsTally, staged: list[Staged]) -> None:
    now = lake.clock.now()
    versions: list[pl.DataFrame] = []
    sentiments: list[pl.DataFrame] = []
    bad: list[pl.DataFrame] = []
    for provider in dict.fromkeys(batch.provider for batch in batches):
        own = [batch for batch in batches if batch.provider == provider]
        pages: list[ValidatedNews] = []
        for batch in own:
            pages.append(validate_news(batch.articles, now=now))
            bad += [_bad_rows(part, batch) for part in (pages[-1].bad, pages[-1].bad_insights) if part.height]
            _count(batch, pages[-1], tally)
        offered = pl.concat([page.articles for page in pages]).with_columns(
            pl.lit(provider).alias("provider")
        )
        insights = pl.concat([page.insights for page in pages])
        received = pl.lit(now).cast(UTC_TIME)
        stored = _stored(lake, NEWS.name, provider, offered)
        new = _new_versions(offered, stored, received, tally)
        dated = _dated(pl.concat([stored.select(_DATED), new.select(_DATED)]))
        said = _stored(lake, NEWS_SENTIMENT.name, provider, offered)
        versions.append(new)
        sentiments.append(_new_sentiments(insights, said, dated, provider, received, tally))
    if any(part.height for part in versions):
        staged.append(lake.stage(NEWS.name, pl.concat(versions).select(*NEWS.columns)))
    if any(part.height for part in sentiments):
        staged.append(lake.stage(NEWS_SENTIMENT.name, pl.concat(sentiments).select(*NEWS_SENTIMENT.columns)))
    if bad:
        rows = pl.concat(bad).unique("row_digest", keep="first", maintain_order=True)
        staged.append(lake.stage("quarantine", rows))


def _count(batch: NewsBatch, page: ValidatedNews, tally: NewsTally) -> None:
    tally.read += batch.articles.height
    tally.quarantined += page.bad.height
    tally.sentiments_quarantined += page.bad_insights.height
    tally.unknown_symbols += page.n_unknown_symbols
    for part in (page.bad, page.bad_insights):
        tally.reasons.update(dict(part["reason"].value_counts().iter_rows()))


def _bad_rows(bad: pl.DataFrame, batch: NewsBatch) -> pl.DataFrame:
    raw = [msgspec.json.decode(text, type=dict[str, object]) for text in bad["raw"]]
    return quarantine_others(bad, raw, source=batch.source, provider=batch.provider)


def _stored(lake: Lake, dataset: str, provider: str, offered: pl.DataFrame) -> pl.DataFrame:
    """All versions of the offered articles, in whatever month they lie."""
    ids = offered.lazy().select("id").unique()
    times = lake.scan(dataset, keys=[provider], columns=["id", "published_at"]).join(ids, on="id", how="semi")
    first, last = (
        times.select(first=pl.col("published_at").min(), last=pl.col("published_at").max()).collect().row(0)
    )
    if first is None:
        return lake.scan(dataset, keys=[provider]).head(0).collect()
    span = Span(first, last + timedelta(microseconds=1))
    return lake.scan(dataset, keys=[provider], span=span).join(ids, on="id", how="semi").collect()


def _dated(versions: pl.DataFrame) -> pl.DataFrame:
    """Of each article the time of publication that stands, and when it could first be known."""
    return versions.group_by("id", maintain_order=True).agg(
        pl.col("published_at").first(), pl.col("available_at").min()
    )


def _new_versions(
    offered: pl.DataFrame, stored: pl.DataFrame, received: pl.Expr, tally: NewsTally
) -> pl.DataFrame:
    """Offered articles that equal no stored version, each with the time from which it is known."""
    distinct = offered.unique(["id", *_TEXTS], keep="last", maintain_order=True)
    unknown = distinct.join(stored, on=["id", *_TEXTS], how="anti", nulls_equal=True, maintain_order="left")
    single = unknown.unique(["id", "available_at"], keep="last", maintain_order=True)
    tally.duplicate += offered.height - distinct.height + unknown.height - single.height
    tally.existing += distinct.height - unknown.height
    first = _dated(pl.concat([stored.select(_DATED), single.select(_DATED)]))
    taken = stored.select("id", "available_at", pl.lit(value=True).alias("is_taken"))
    timed = (
        single.drop("published_at")
        .join(first.select("id", "published_at"), on="id", how="left", maintain_order="left")
        .join(taken, on=["id", "available_at"], how="left", maintain_order="left")
        .with_columns(pl.when("is_taken").then(received).otherwise("available_at").alias("available_at"))
        .drop("is_taken")
        .with_columns(received.alias("ingested_at"))
    )
    known = pl.col("id").is_in(stored["id"].unique().to_list()) | ~pl.col("id").is_first_distinct()
    n_revised = timed.filter(known).height
    tally.revised += n_revised
    tally.stored += timed.height - n_revised
    return timed


def _new_sentiments(
    insights: pl.DataFrame,
    stored: pl.DataFrame,
    dated: pl.DataFrame,
    provider: str,
    received: pl.Expr,
    tally: NewsTally,
) -> pl.DataFrame:
    """What is said of a symbol and equals no stored version, known from now on."""
    about = ["id", "symbol"]
    distinct = insights.unique(about, keep="last", maintain_order=True)
    unknown = distinct.join(stored, on=[*about, *_SAYS], how="anti", nulls_equal=True, maintain_order="left")
    new = (
        unknown.select(*about, *_SAYS)
        .join(dated.rename({"available_at": "out_at"}), on="id", how="inner", maintain_order="left")
        .with_columns(
            pl.col("sentiment").replace_strict(SENTIMENT_SCORES, return_dtype=pl.Int32).alias("score"),
            pl.lit(provider).alias("provider"),
            received.alias("available_at"),
            received.alias("ingested_at"),
        )
        .with_columns(is_backfilled(pl.col("available_at"), pl.col("out_at")).alias("is_backfilled"))
    )
    n_revised = new.join(stored, on=about, how="semi").height
    tally.sentiments_existing += distinct.height - unknown.height
    tally.sentiments_revised += n_revised
    tally.sentiments_stored += new.height - n_revised
    tally.backfilled += int(new["is_backfilled"].sum())
    return new


def _publish(lake: Lake, staged: Sequence[Staged], completing: Completing | None, note: str) -> int:
    if completing is None:
        return lake.commit(staged, note=note).snapshot
    with completing() as connection:
        return lake.commit(staged, connection=connection, note=note).snapshot
