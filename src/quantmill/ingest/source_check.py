"""The step of an import that compares each file's columns with what is known of its source, before anything is stored."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection

from quantmill.core.digest import canonical_json, short_id
from quantmill.ingest.drift_records import SeenDrift, log_drift, store_baseline
from quantmill.ingest.import_options import ImportOptions
from quantmill.ingest.report import Tally
from quantmill.ingest.source_baseline import DriftKind, SourceBaseline
from quantmill.ingest.source_survey import JudgedFile, SurveyedSource, survey_files
from quantmill.ingest.waiting import KeptFile, WaitingFile, insert_waiting, keep_file
from quantmill.lake.store import Lake

__all__ = ["DEFAULT_DRIFT_RULES", "DriftRules", "ImportCheck", "SourceCheck"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DriftRules:
    """Whether new columns are taken without asking, and which kinds of drift a person is told of."""

    auto_update: bool = False
    alerts: frozenset[DriftKind] = frozenset[DriftKind]({"new", "missing", "type"})


DEFAULT_DRIFT_RULES: Final = DriftRules()


class ImportCheck(Protocol):
    """What an import asks about its files; told of each file, it writes what follows in the import's transaction."""

    def survey(self, paths: Sequence[Path]) -> None:
        """Look at the columns of all files, before any is read."""
        ...

    def reason_to_wait(self, path: Path, n_rows: int) -> str:
        """Why the rows of a file that was just read are not to be stored now; empty when they are."""
        ...

    def took(self, path: Path) -> None:
        """Hear that rows of a file will be stored."""
        ...

    @property
    def holds_files(self) -> bool:
        """Whether any file waits."""
        ...

    def prepare(self) -> None:
        """Do what has to be done before the transaction."""
        ...

    def record(self, connection: Connection) -> None:
        """Write what follows, within the transaction that publishes the import."""
        ...

    def announce(self, tally: Tally) -> None:
        """Say it in the import's report and in the log."""
        ...


class SourceCheck:
    """The check of a usual import.

    The first import of a source sets its baseline: the columns that most of its files have. New columns are
    reported and stored; a file that lacks a column or has one of another type waits, and so does one whose new column
    would be read in place of a known one.

    Args:
        lake: Where baselines, log and waiting files are kept.
        named: The paths that the person named.
        options: How the files are imported.
        source: Name of the source, where the person said it.
        rules: What is taken without asking, and told.
    """

    def __init__(
        self,
        lake: Lake,
        named: Sequence[Path],
        options: ImportOptions,
        source: str | None = None,
        rules: DriftRules = DEFAULT_DRIFT_RULES,
    ) -> None:
        self._lake, self._named, self._options = lake, named, options
        self._source, self._rules = source, rules
        self._sources: dict[str, SurveyedSource] = {}
        self._source_of: dict[Path, str] = {}
        self._taken: set[Path] = set()
        self._held: dict[Path, int] = {}
        self._kept: dict[Path, KeptFile] = {}

    def survey(self, paths: Sequence[Path]) -> None:
        """See `ImportCheck.survey`."""
        self._sources = survey_files(
            self._lake.state, paths, self._options.files, named=self._named, source=self._source
        )
        self._source_of = {path: name for name, source in self._sources.items() for path in source.files}

    def reason_to_wait(self, path: Path, n_rows: int) -> str:
        """See `ImportCheck.reason_to_wait`."""
        judged = self._judged(path)
        if judged is None or judged.is_harmless:
            return ""
        self._held[path] = self._held.get(path, 0) + n_rows
        source = self._source_of[path]
        said = "; ".join(str(drift) for drift in judged.drifts)
        return f"{said}: waits for `quantmill schema accept {source}`"

    def took(self, path: Path) -> None:
        """See `ImportCheck.took`."""
        self._taken.add(path)

    @property
    def holds_files(self) -> bool:
        """See `ImportCheck.holds_files`."""
        return bool(self._held)

    def prepare(self) -> None:
        """See `ImportCheck.prepare`: copies of waiting files go into the lake."""
        self._kept = {path: keep_file(self._lake, path) for path in self._held}

    def record(self, connection: Connection) -> None:
        """See `ImportCheck.record`."""
        at_us = self._lake.clock.now_us()
        for name, source in self._sources.items():
            if source.known is None and not (self._taken | self._held.keys()) & source.files.keys():
                continue
            taken = [source.files[path] for path in source.files if path in self._taken]
            base_id = source.known.id if source.known else None
            if base_id is None:
                base_id = store_baseline(
                    connection, name, source.base, replaces=None, reason="first", at_us=at_us
                )
            batch = self._batch(name, source)
            log_drift(connection, name, self._seen(source, batch), baseline_id=base_id, at_us=at_us)
            for reason, changed in (
                ("told", _told(source.base, taken)),
                ("auto", self._updated(source, taken)),
            ):
                if changed is not None:
                    base_id = store_baseline(
                        connection, name, changed, replaces=base_id, reason=reason, at_us=at_us
                    )
            for path in source.files:
                if path in self._held:
                    insert_waiting(connection, self._waiting(name, source, path, batch, at_us))

    def announce(self, tally: Tally) -> None:
        """See `ImportCheck.announce`."""
        for name, source in self._sources.items():
            said: dict[str, None] = {}
            for path, judged in source.files.items():
                for drift in judged.drifts:
                    if drift.kind in self._rules.alerts:
                        tally.add_note(f"drift of source {name}: {drift}", path.name)
                        said[str(drift)] = None
            n_held = sum(path in self._held for path in source.files)
            if n_held:
                tally.notes.append(
                    f"files that wait in quarantine: {n_held}; `quantmill schema accept {name}` stores them, "
                    f"`quantmill schema refuse {name}` drops them"
                )
            if said:
                _log.warning(
                    "the columns of source %s drifted: %s", name, "; ".join(said), extra={"source": name}
                )

    def _judged(self, path: Path) -> JudgedFile | None:
        source = self._source_of.get(path)
        return None if source is None else self._sources[source].files[path]

    def _is_auto(self, path: Path, judged: JudgedFile) -> bool:
        return self._rules.auto_update and judged.is_harmless and path in self._taken

    def _updated(self, source: SurveyedSource, taken: Sequence[JudgedFile]) -> SourceBaseline | None:
        """The baseline with what is taken without asking, None when that is nothing."""
        new = {
            drift.column: drift.found
            for path, judged in source.files.items()
            if self._is_auto(path, judged)
            for drift in judged.drifts
        }
        return (_told(source.base, taken) or source.base).with_new(new) if new else None

    def _batch(self, name: str, source: SurveyedSource) -> str:
        held = sorted(self._kept[path].sha256 for path in source.files if path in self._held)
        return short_id("w", name, held)

    def _seen(self, source: SurveyedSource, batch: str) -> list[SeenDrift]:
        """Each drift once, with the first file that has it; one that a file waits for counts before others."""
        seen: dict[tuple[str, str, str], SeenDrift] = {}
        for path in sorted(source.files, key=lambda path: path not in self._held):
            judged = source.files[path]
            decision = "auto" if self._is_auto(path, judged) else "open"
            waits = batch if path in self._held else None
            for drift in judged.drifts:
                place = drift.kind, drift.column, drift.found
                seen.setdefault(place, SeenDrift(drift, str(path.absolute()), waits, decision))
        return list(seen.values())

    def _waiting(self, name: str, source: SurveyedSource, path: Path, batch: str, at_us: int) -> WaitingFile:
        kept = self._kept[path]
        return WaitingFile(
            name,
            kept.sha256,
            batch,
            str(path.absolute()),
            canonical_json(source.files[path].columns),
            self._options.to_text(),
            self._held[path],
            kept.n_bytes,
            at_us,
        )


def _told(base: SourceBaseline, taken: Sequence[JudgedFile]) -> SourceBaseline | None:
    """The baseline with types that were told for the first time, None when there are none."""
    told = base
    for judged in taken:
        told = told.told(judged.columns)
    return None if told == base else told
