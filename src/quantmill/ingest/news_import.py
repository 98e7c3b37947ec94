"""Files of articles into the lake, in one commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.errors import DataError, QuantmillError
from quantmill.ingest.news import Completing, NewsBatch, NewsTally, store_news
from quantmill.ingest.news_files import find_news_files, read_news_file
from quantmill.ingest.report import FileOutcome
from quantmill.lake.store import Lake

__all__ = ["ImportedFiles", "import_news"]


@dataclass(frozen=True, slots=True)
class ImportedFiles:
    """What became of the articles, and how each file fared."""

    tally: NewsTally
    files: tuple[FileOutcome, ...]


def import_news(
    lake: Lake,
    paths: Sequence[Path],
    *,
    progress: Progress = NO_PROGRESS,
    completing: Completing | None = None,
) -> ImportedFiles:
    """Import articles as Massive or Alpaca gives them; twice stores nothing new.

    A file that cannot be read is reported and the others go on.

    Args:
        lake: Where to.
        paths: JSON, JSON lines, CSV and Parquet files, and folders of them.
        progress: Told of each file.
        completing: Transaction to publish in; its caller repeats the import after a CommitConflictError.

    Raises:
        UsageError: If a path does not exist.
        DataError: If no file can be read.
    """
    found = find_news_files(paths)
    batches: list[NewsBatch] = []
    files: list[FileOutcome] = []
    errors: list[QuantmillError] = []
    progress.start("Reading files", len(found.paths))
    for path in found.paths:
        try:
            read = read_news_file(path)
        except DataError as error:
            errors.append(error)
            said = f"{error} ({error.hint})" if error.hint else str(error)
            files.append(FileOutcome(str(path), "failed", reason=said))
        else:
            batches += read
            files.append(FileOutcome(str(path), "read", sum(batch.articles.height for batch in read)))
        progress.advance(note=path.name)
    files += [FileOutcome(str(path), "skipped", reason=reason) for path, reason in found.skipped.items()]
    if not batches:
        raise _nothing_read(errors)
    tally = store_news(lake, batches, completing=completing, note="import of news")
    return ImportedFiles(tally, tuple(files))


def _nothing_read(errors: Sequence[QuantmillError]) -> QuantmillError:
    if len(errors) == 1:
        return errors[0]
    if not errors:
        return DataError(
            "no JSON, CSV or Parquet file found", hint="name files of articles, or a folder of them"
        )
    return DataError(f"none of {len(errors)} files can be imported; first: {errors[0]}", hint=errors[0].hint)
