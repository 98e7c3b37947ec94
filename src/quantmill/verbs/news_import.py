"""The verb `news import`: articles from files into the lake."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.ingest.news_import import import_news
from quantmill.verbs.mill import Mill
from quantmill.verbs.news_stored import StoredNews
from quantmill.verbs.request import POSITIONAL, Request
from quantmill.verbs.working import work

__all__ = ["READS_ONLY", "NewsImportRequest", "run"]

READS_ONLY: Final = False


class NewsImportRequest(Request):
    """Store articles and their sentiment from files as Massive and Alpaca give them.

    JSON (an answer of the server or a list), JSON lines, CSV and Parquet. An article is known by its provider and id: it
    is never stored twice, a changed one is kept in both versions. Sentiment counts as known from its import on.
    """

    paths: Annotated[tuple[Path, ...], POSITIONAL] = Field(min_length=1, description="Files and folders.")


def run(mill: Mill, request: NewsImportRequest, progress: Progress) -> StoredNews:
    """Reads, checks and stores in one commit; a file that cannot be read stops no other.

    Raises:
        UsageError: If a path does not exist.
        DataError: If no file can be read.
    """
    imported = work(
        mill,
        "news import",
        ([str(path.resolve()) for path in request.paths],),
        lambda context: import_news(
            mill.lake, request.paths, progress=context, completing=context.completing
        ),
        progress=progress,
    )
    return StoredNews.of(imported.tally, imported.files)
