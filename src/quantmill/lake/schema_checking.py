"""Stored columns against declared ones, from the catalogue and the footers of files; no rows are read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl
from polars.exceptions import PolarsError

from quantmill.core.span import Span
from quantmill.lake.catalogue import FileRef, find_files, find_schemas
from quantmill.lake.datasets import Dataset, dataset_of
from quantmill.lake.overview import list_datasets
from quantmill.lake.schemas import schema_from_text, type_name
from quantmill.lake.volume import Volume
from quantmill.state.engine import State

__all__ = ["CheckedDataset", "StoredDrift", "check_stored_schemas"]


@dataclass(frozen=True, slots=True)
class StoredDrift:
    """A file whose columns are not those declared, or not those that the catalogue or other files of the dataset have."""

    kind: Literal["new", "missing", "type", "unreadable"]
    column: str
    expected: str
    found: str
    path: str

    def __str__(self) -> str:
        said = {
            "new": f"column {self.column!r} ({self.found}) is not declared",
            "missing": f"column {self.column!r} ({self.expected}) is missing",
            "type": f"column {self.column!r} is {self.found}, needed is {self.expected}",
            "unreadable": f"its columns cannot be read: {self.found}",
        }
        return f"{self.path}: {said[self.kind]}"


@dataclass(frozen=True, slots=True)
class CheckedDataset:
    """A dataset that holds something: its columns with their types, those that no file may miss, its files' drift."""

    name: str
    columns: Mapping[str, str]
    needed: frozenset[str]
    n_files: int
    drifts: tuple[StoredDrift, ...]


def check_stored_schemas(
    volume: Volume, state: State, *, dataset: str | None = None, span: Span | None = None
) -> list[CheckedDataset]:
    """Check the footer of every live file of one dataset or all.

    A declared column that may be null may be missing: files older than the column are read with null. Datasets with
    free columns are checked against the catalogue and among their files, of which the oldest counts.

    Args:
        volume: Where the files lie.
        state: Database with the catalogue.
        dataset: Name of a dataset.
        span: Only files that may hold rows of it.
    """
    with state.read() as connection:
        names = [name for name in list_datasets(connection) if dataset in {None, name}]
        files = find_files(connection, names, span=span)
        schemas = find_schemas(connection, list({file.schema_id for file in files}))
    known = {id_: schema_from_text(text) for id_, text in schemas.items()}
    checked: list[CheckedDataset] = []
    for name in names:
        own = sorted((file for file in files if file.dataset == name), key=lambda file: (file.added, file.id))
        if own:
            declared = dataset_of(name)
            columns = _columns(declared, own, known)
            drifts = [
                drift
                for file in own
                for drift in _drifts(volume, file, declared, columns, known[file.schema_id])
            ]
            shown = {column: _name(dtype) for column, dtype in columns.items()}
            checked.append(CheckedDataset(name, shown, _needed(declared), len(own), tuple(drifts)))
    return checked


def _columns(
    declared: Dataset, files: Sequence[FileRef], known: Mapping[str, Mapping[str, pl.DataType]]
) -> dict[str, pl.DataType]:
    columns = dict(declared.columns)
    if declared.is_open:
        for file in files:
            for name, dtype in known[file.schema_id].items():
                columns.setdefault(name, dtype)
    return columns


def _needed(declared: Dataset) -> frozenset[str]:
    return frozenset(declared.columns) - {*declared.nullable, *declared.optional}


def _drifts(
    volume: Volume,
    file: FileRef,
    declared: Dataset,
    columns: Mapping[str, pl.DataType],
    committed: Mapping[str, pl.DataType],
) -> Iterator[StoredDrift]:
    try:
        found = pl.read_parquet_schema(volume.local([file.path])[0])
    except (PolarsError, OSError) as error:
        yield StoredDrift("unreadable", "", "", str(error).splitlines()[0], file.path)
        return
    needed = _needed(declared) | committed.keys()
    for name in columns:
        if name in needed and name not in found:
            yield StoredDrift("missing", name, _name(columns[name]), "", file.path)
    for name, dtype in found.items():
        if name not in columns:
            yield StoredDrift("new", name, "", _name(dtype), file.path)
        elif dtype != columns[name]:
            yield StoredDrift("type", name, _name(columns[name]), _name(dtype), file.path)


def _name(dtype: pl.DataType) -> str:
    return type_name(dtype) or str(dtype)
