"""What a person decides about drift: accept it and store what waits, refuse it, or set the baseline anew."""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Connection

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.errors import BadBarsError, CommitConflictError, NotFoundError
from quantmill.ingest.drift_records import (
    DriftEvent,
    StoredBaseline,
    decide,
    find_baselines,
    find_events,
    store_baseline,
)
from quantmill.ingest.import_options import ImportOptions
from quantmill.ingest.importing import Completing, import_found
from quantmill.ingest.report import IngestReport, Tally
from quantmill.ingest.source_baseline import SourceBaseline
from quantmill.ingest.source_survey import survey_files
from quantmill.ingest.waiting import WaitingFile, drop_waiting, find_waiting, restored, tidy_waiting
from quantmill.lake.store import Lake
from quantmill.providers.files.finding import FoundFiles, find_files
from quantmill.providers.files.options import FileOptions

__all__ = ["Accepted", "Refused", "accept_drift", "refuse_drift", "set_baselines"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What accepting did: an import's report per way of importing, the drift that is settled and that is still open."""

    source: str
    reports: list[IngestReport]
    accepted: list[DriftEvent]
    still_open: list[DriftEvent]


@dataclass(frozen=True, slots=True)
class Refused:
    """Waiting files that were dropped, and the drift that is settled."""

    source: str
    files: list[WaitingFile]
    refused: list[DriftEvent]


def accept_drift(
    lake: Lake, source: str, *, progress: Progress = NO_PROGRESS, completing: Completing | None = None
) -> Accepted:
    """Take the open drift of a source into its baseline and store the files that wait for it.

    A file is stored as its import asked for, and waits no longer, in one transaction with the new baseline. One that
    cannot be read or stored goes on waiting, and drift that only such files have stays open. Repeated,
    it stores nothing again.

    Args:
        lake: Where to.
        source: Name of the source.
        progress: Told of each file and symbol.
        completing: Transaction of the last import.

    Raises:
        NotFoundError: If there is no such source.
        BadBarsError: If no waiting file can be stored.
        SymbolKindError: If a symbol holds synthetic bars in this home.
        ConflictError: If rows differ from stored ones under `fail`.
        DamagedFileError: If a kept copy is gone.
    """
    waiting, before = _open(lake, source)
    by_options: dict[str, list[WaitingFile]] = {}
    for file in waiting:
        by_options.setdefault(file.options, []).append(file)
    reports: list[IngestReport] = []
    failures: list[BadBarsError] = []
    for text, files in by_options.items():
        is_last = text == list(by_options)[-1]
        try:
            reports.append(_store(lake, source, text, files, progress, completing if is_last else None))
        except BadBarsError as error:
            failures.append(error)
    if failures and not reports:
        raise failures[0]
    if not by_options:
        check = _Acceptance(lake, source)
        with _transaction(lake, completing) as connection:
            check.record(connection)
    tidy_waiting(lake, waiting)
    with lake.state.read() as connection:
        after = {event.id for event in find_events(connection, source, only_open=True)}
    return Accepted(
        source,
        reports,
        [event for event in before if event.id not in after],
        [event for event in before if event.id in after],
    )


def refuse_drift(lake: Lake, source: str) -> Refused:
    """Drop the files of a source that wait, and settle its open drift; the baseline stays as it is.

    Raises:
        NotFoundError: If there is no such source.
    """
    _open(lake, source)
    with lake.state.write() as connection:
        files = find_waiting(connection, source)
        events = find_events(connection, source, only_open=True)
        drop_waiting(connection, files)
        decide(connection, events, "refused", at_us=lake.clock.now_us())
    tidy_waiting(lake, files)
    return Refused(source, files, events)


def set_baselines(
    lake: Lake, paths: Sequence[Path], *, options: FileOptions, source: str | None
) -> dict[str, SourceBaseline]:
    """Make the columns of files the baseline of their source; no rows are read or stored.

    A column that each of the files has is needed from now on. Open drift that is none any more is settled;
    files that wait go on waiting for `accept_drift`.

    Raises:
        UsageError: If a path does not exist.
        NotFoundError: If no file tells its columns.
    """
    found = find_files(paths, options.file_format).paths
    surveyed = survey_files(lake.state, found, options, named=paths, source=source)
    if not surveyed:
        raise NotFoundError(
            f"none of {len(found)} files tells its columns", hint="name CSV, Parquet, DuckDB or SQLite files"
        )
    baselines: dict[str, SourceBaseline] = {}
    at_us = lake.clock.now_us()
    with lake.state.write() as connection:
        known = find_baselines(connection, list(surveyed))
        for name, one in surveyed.items():
            columns = [judged.columns for judged in one.files.values()]
            baseline = _demanding(columns)
            _replace(connection, name, baseline, known.get(name), reason="set", at_us=at_us)
            baselines[name] = baseline
    return baselines


@dataclass(slots=True)
class _Acceptance:
    """The check of an import of waiting files: each is stored, the baseline widened by what was stored."""

    lake: Lake
    source: str
    places: Mapping[Path, WaitingFile] = field(default_factory=dict[Path, WaitingFile])
    taken: set[Path] = field(default_factory=set[Path])

    def survey(self, paths: Sequence[Path]) -> None:
        """See `ImportCheck.survey`: the columns are known."""

    def reason_to_wait(self, path: Path, n_rows: int) -> str:
        """See `ImportCheck.reason_to_wait`: none waits again."""
        return ""

    def took(self, path: Path) -> None:
        """See `ImportCheck.took`."""
        self.taken.add(path)

    @property
    def holds_files(self) -> bool:
        """See `ImportCheck.holds_files`."""
        return False

    def prepare(self) -> None:
        """See `ImportCheck.prepare`: the copies are kept already."""

    def record(self, connection: Connection) -> None:
        """See `ImportCheck.record`."""
        stored = [file for path, file in self.places.items() if path in self.taken]
        if drop_waiting(connection, stored) != len(stored):
            raise CommitConflictError(f"files of {self.source} were accepted or refused meanwhile")
        known = find_baselines(connection, [self.source])[self.source]
        # A new column that was stored waits for nothing but this.
        new = {
            event.column_name: event.found
            for event in find_events(connection, self.source, only_open=True)
            if event.kind == "new" and event.batch is None and not event.expected
        }
        baseline = known.baseline.with_new(new)
        for file in stored:
            baseline = baseline.widened(json.loads(file.columns))
        _replace(connection, self.source, baseline, known, reason="accepted", at_us=self.lake.clock.now_us())

    def announce(self, tally: Tally) -> None:
        """See `ImportCheck.announce`: who accepts knows."""


def _store(
    lake: Lake,
    source: str,
    options: str,
    files: Sequence[WaitingFile],
    progress: Progress,
    completing: Completing | None,
) -> IngestReport:
    with restored(lake, files) as places:
        report = import_found(
            lake,
            FoundFiles(tuple(places), {}),
            ImportOptions.from_text(options),
            lambda: _Acceptance(lake, source, places),
            progress=progress,
            completing=completing,
        )
    originals = {str(place): file.path for place, file in places.items()}
    outcomes = [replace(outcome, path=originals[outcome.path]) for outcome in report.files]
    return replace(report, files=outcomes)


def _open(lake: Lake, source: str) -> tuple[list[WaitingFile], list[DriftEvent]]:
    with lake.state.read() as connection:
        known = find_baselines(connection)
        waiting = find_waiting(connection, source)
        events = find_events(connection, source, only_open=True)
    if source not in known:
        named = ", ".join(known) or "none yet"
        raise NotFoundError(f"no source of files is named {source!r}", hint=f"known are {named}")
    return waiting, events


def _replace(
    connection: Connection,
    source: str,
    baseline: SourceBaseline,
    known: StoredBaseline | None,
    *,
    reason: str,
    at_us: int,
) -> None:
    """Store a baseline unless it holds already, and settle the drift that it covers."""
    if known is None or known.baseline != baseline:
        replaces = known.id if known else None
        store_baseline(connection, source, baseline, replaces=replaces, reason=reason, at_us=at_us)
    covered = [
        event
        for event in find_events(connection, source, only_open=True)
        if baseline.covers(event.kind, event.column_name, event.found)
    ]
    decide(connection, covered, "accepted", at_us=at_us)


def _demanding(files: Sequence[Mapping[str, str]]) -> SourceBaseline:
    """The baseline that takes all of the files and needs what they have in common."""
    baseline = SourceBaseline.of(files[0])
    for columns in files[1:]:
        baseline = baseline.widened(columns)
    return baseline


def _transaction(lake: Lake, completing: Completing | None) -> AbstractContextManager[Connection]:
    return lake.state.write() if completing is None else completing()
