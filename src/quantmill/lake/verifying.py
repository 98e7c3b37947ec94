"""The proof that disk and catalogue agree: every live file is read and compared with what is known of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from polars.exceptions import PolarsError
from sqlalchemy import select

from quantmill.core.bars import BAR_KEY
from quantmill.core.digest import file_digest
from quantmill.errors import DamagedFileError
from quantmill.lake.catalogue import FileRef, find_files, find_hot_keys
from quantmill.lake.content import Content
from quantmill.lake.datasets import BARS, Dataset, dataset_of
from quantmill.lake.files import read_footer, scan_paths
from quantmill.lake.hot import HotKey, count_keys
from quantmill.lake.overview import list_datasets
from quantmill.lake.periods import count_sessions, overlaps
from quantmill.lake.volume import Volume
from quantmill.state.engine import State
from quantmill.state.tables.catalogue import FILE, FILE_SESSION

__all__ = ["VerifyReport", "verify_lake"]

_Sessions = dict[int, list[tuple[int, int, int]]]


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was read, and every difference in words; `ok` when there is none.

    `unknown_files` are on the volume, but not in the catalogue: leftovers, or the files of a lost catalogue.
    """

    findings: list[str]
    files: int
    rows: int
    unknown_files: int

    @property
    def ok(self) -> bool:
        """Whether disk and catalogue agree."""
        return not self.findings


def verify_lake(volume: Volume, state: State) -> VerifyReport:
    """Read every live file and compare it with the catalogue."""
    with state.read() as connection:
        files = find_files(connection, list_datasets(connection))
        keys = find_hot_keys(connection, [file for file in files if file.is_hot])
        sessions: _Sessions = {}
        for file_id, *counts in connection.execute(select(FILE_SESSION).order_by(FILE_SESSION.c.session)):
            session, _key, n_regular, n_extended = counts
            sessions.setdefault(file_id, []).append((session, n_regular, n_extended))
    with state.read() as connection:
        known = set(connection.execute(select(FILE.c.path)).scalars())
    unknown = [file for file in volume.listing() if not file.is_partial and file.path not in known]
    findings = [*_overlaps([file for file in files if not file.is_hot])]
    for file in files:
        held = keys.get(file.path, {})
        findings.extend(f"{file.path}: {finding}" for finding in _check_file(volume, file, sessions, held))
    findings.extend(_shared_rows(volume, files) if not findings else ())
    if not files and unknown:
        findings.append(f"the catalogue is empty, but the lake has {len(unknown)} files: rebuild it")
    return VerifyReport(findings, len(files), sum(file.rows for file in files), len(unknown))


def _overlaps(files: Sequence[FileRef]) -> Iterator[str]:
    """Partitions with two files; `files` come by dataset and key."""
    by_period = sorted(files, key=lambda file: (file.dataset, file.key, file.period))
    for one, other in pairwise(by_period):
        same_key = (one.dataset, one.key) == (other.dataset, other.key)
        if same_key and overlaps(dataset_of(one.dataset), one.period, other.period):
            yield f"{one.path}: overlaps {other.path}, both are live"


def _shared_rows(volume: Volume, files: Sequence[FileRef]) -> Iterator[str]:
    """Bars that two files hold of which one is hot."""
    hot = [file for file in files if file.is_hot]
    if not hot:
        return
    first_us = min(file.min_ts or 0 for file in hot)
    near = [file for file in files if file.dataset == BARS.name and (file.max_ts or 0) >= first_us]
    rows = scan_paths(volume.local([file.path for file in near]), BARS.columns)
    shared = rows.filter(pl.struct(BAR_KEY).is_duplicated()).select(BAR_KEY).unique().sort(BAR_KEY).collect()
    if shared.height:
        symbol, ts = shared.row(0)
        yield f"live: {shared.height} bars lie in two files, first {symbol} {ts}"


def _check_file(
    volume: Volume, file: FileRef, sessions: _Sessions, held: Mapping[str, HotKey]
) -> Iterator[str]:
    dataset = dataset_of(file.dataset)
    try:
        path = volume.local([file.path], fresh=True)[0]
        n_bytes = path.stat().st_size
    except FileNotFoundError:
        yield "the file is missing"
        return
    except DamagedFileError as error:
        yield str(error)
        return
    if n_bytes != file.bytes:
        yield f"found {n_bytes} bytes, committed were {file.bytes}"
        return
    if file_digest(path) != file.sha256:
        yield "the SHA-256 of its bytes is not that of the commit"
        return
    try:
        footer = read_footer(path)
        rows = pl.read_parquet(path, hive_partitioning=False, glob=False)
    except (DamagedFileError, PolarsError) as error:
        yield f"cannot be read: {str(error).splitlines()[0]}"
        return
    for name in ("dataset", "tier", "key", "period", "content_sha256", "schema_id"):
        if footer.get(name) != getattr(file, name):
            yield f"its footer says {name} = {footer.get(name)!r}, the catalogue {getattr(file, name)!r}"
    content = Content(rows)
    yield from _check_rows(file, dataset, rows, content)
    if dataset.counts_sessions and file.rows_digest != content.digest_of_rows():
        yield "the sum of the digests of its rows is not that of the commit"
    if file.is_hot:
        if count_keys(content) != held:
            yield "the counts per symbol of the catalogue differ from its bars"
    elif dataset.counts_sessions:
        counts = count_sessions(file.key, rows)
        found = np.stack([counts.session, counts.n_regular, counts.n_extended], axis=1)
        if found.tolist() != [list(row) for row in sessions.get(file.id, [])]:
            yield "the session counts of the catalogue differ from its bars"


def _check_rows(file: FileRef, dataset: Dataset, rows: pl.DataFrame, content: Content) -> Iterator[str]:
    if rows.height != file.rows:
        yield f"found {rows.height} rows, committed were {file.rows}"
    if content.digest() != file.content_sha256:
        yield "the digest of its rows is not that of the commit"
    if file.min_ts is not None and dataset.time is not None:
        ts = rows[dataset.time].to_physical()
        if (ts.min(), ts.max()) != (file.min_ts, file.max_ts):
            yield "its first or last time differs from the catalogue"
    order = (dataset.key, *dataset.order) if file.is_hot else dataset.order
    if order and not rows.select(order).equals(rows.select(order).sort(order)):
        yield f"its rows are not sorted by {', '.join(order)}"
    if dataset.unique and rows.select(pl.struct(dataset.unique).is_duplicated().any()).item():
        yield f"rows repeat the key ({', '.join(dataset.unique)})"
    if dataset.counts_sessions and not file.is_hot and (rows[dataset.key] != file.key).any():
        yield f"it holds rows of another {dataset.key} than {file.key}"
