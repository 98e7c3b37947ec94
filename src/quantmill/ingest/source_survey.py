"""Files by the source that they come from, the columns of each compared with the source's baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from quantmill.errors import BadBarsError, UsageError
from quantmill.ingest.drift_records import StoredBaseline, find_baselines
from quantmill.ingest.source_baseline import Drift, SourceBaseline, commonest
from quantmill.providers.files.columns import match_columns
from quantmill.providers.files.options import FileOptions
from quantmill.providers.files.source_columns import read_source_columns
from quantmill.state.engine import State

__all__ = ["JudgedFile", "SurveyedSource", "survey_files"]

_FILE_NAME: Final = "the file's name"


@dataclass(frozen=True, slots=True)
class JudgedFile:
    """A file's columns and how they differ from its source's baseline."""

    columns: Mapping[str, str]
    drifts: tuple[Drift, ...]

    @property
    def is_harmless(self) -> bool:
        """Whether all that was read before is read as before."""
        return all(drift.is_harmless for drift in self.drifts)


@dataclass(slots=True)
class SurveyedSource:
    """A source's files, judged by `base`; `known` is the row that keeps it, None for a source that is new."""

    base: SourceBaseline
    known: StoredBaseline | None
    files: dict[Path, JudgedFile] = field(default_factory=dict[Path, JudgedFile])


def survey_files(
    state: State, paths: Sequence[Path], options: FileOptions, *, named: Sequence[Path], source: str | None
) -> dict[str, SurveyedSource]:
    """Judge the columns of files; no rows are read but the first ones of CSV files.

    The baseline of a source that is new is what most of its files have, files that can be bars before others.

    Args:
        state: Where the baselines are kept.
        paths: The files; those that tell no columns are left out.
        options: How they are read.
        named: The paths that the person named.
        source: Name of the source, where the person said it.
    """
    by_source: dict[str, dict[Path, Mapping[str, str]]] = {}
    for path in paths:
        told = read_source_columns(path, options, named=named, source=source)
        if told is not None:
            by_source.setdefault(told.source, {})[path] = told.columns
    with state.read() as connection:
        known = find_baselines(connection, list(by_source))
    surveyed: dict[str, SurveyedSource] = {}
    for name, files in by_source.items():
        stored = known.get(name)
        base = stored.baseline if stored else SourceBaseline.of(_first(list(files.values()), options))
        judged = {
            path: JudgedFile(columns, tuple(_drifts(base, columns, options)))
            for path, columns in files.items()
        }
        surveyed[name] = SurveyedSource(base, stored, judged)
    return surveyed


def _first(files: Sequence[Mapping[str, str]], options: FileOptions) -> Mapping[str, str]:
    fitting = [columns for columns in files if _roles(columns, options) is not None]
    return commonest(fitting or files) or {}


def _drifts(base: SourceBaseline, columns: Mapping[str, str], options: FileOptions) -> list[Drift]:
    drifts = base.compare(columns)
    now = _roles(columns, options)
    before = _roles({name: kind for name, kind in columns.items() if name in base.columns}, options)
    if now is None or before is None:
        return drifts
    lost = [name for name in before.values() if name not in now.values()]
    if "symbol" in now and "symbol" not in before and options.symbol is None:
        lost.append(_FILE_NAME)
    used = set(now.values()) - set(before.values())
    return [
        replace(drift, displaces=", ".join(lost)) if drift.kind == "new" and drift.column in used else drift
        for drift in drifts
    ]


def _roles(columns: Mapping[str, str], options: FileOptions) -> Mapping[str, str] | None:
    """Which column is read as what, None when they are no columns of bars."""
    try:
        return match_columns(list(columns), options.mapping, file="").by_role
    except (BadBarsError, UsageError):
        return None
