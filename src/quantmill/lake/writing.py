"""One write: a frame checked, its rows sent to the tier they belong to, its files staged."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from quantmill.core.clock import Clock
from quantmill.lake.catalogue import FileRef, find_base_files
from quantmill.lake.datasets import BARS, Dataset
from quantmill.lake.hot_staging import Routed, route_bars, span_of, stage_hot
from quantmill.lake.merging import OnConflict
from quantmill.lake.staging import Staged, Staging, late_bars
from quantmill.lake.symbols import kinds_of
from quantmill.lake.validation import check_frame
from quantmill.lake.volume import Volume
from quantmill.state.engine import State

__all__ = ["stage_frame"]

_NO_KEY: Final = "-"


def stage_frame(
    volume: Volume,
    state: State,
    clock: Clock,
    name: str,
    frame: pl.DataFrame,
    *,
    on_conflict: OnConflict,
    key: str | None = None,
    period: str | None = None,
    is_live: bool = False,
    overruled: pl.DataFrame | None = None,
) -> Staged:
    """Merge a frame with what is stored and write the files that change.

    Raises:
        SchemaDriftError: If the frame does not fit the dataset.
        BadBarsError: If bars cannot be stored as they are.
        SymbolKindError: If the frame mixes synthetic and real bars of a symbol.
        ConflictError: If rows differ from stored ones and the policy is `fail`.
        CommitConflictError: If a stored file vanished meanwhile; stage again.
    """
    staging = Staging(volume, state, clock.now_us(), name, on_conflict, is_live=is_live)
    rows = check_frame(name, staging.dataset, frame, now_us=staging.now_us)
    is_bars = staging.dataset is BARS
    if overruled is not None:
        staging.overrule(check_frame(name, BARS, overruled, now_us=staging.now_us, may_repeat=True))
    routed, near = Routed(rows, []), list[FileRef]()
    with state.read() as connection:
        staging.begin(connection)
        if is_bars:
            routed = route_bars(rows, staging.hot_files, now_us=staging.now_us, is_live=is_live)
        for _, part in routed.hot:
            near += find_base_files(connection, span_of(part))
    staging.late = int(late_bars(rows, staging.now_us).sum()) if is_live else 0
    with staging.finishing():
        base = [routed.base]
        for session, part in routed.hot:
            base.append(stage_hot(staging, session, part, base_files=near))
        offered = [part for part in base if part.height] if is_bars else [rows]
        parts = dict(_by_key(staging.dataset, pl.concat(offered), key)) if offered else {}
        staging.look_up(name, list(parts))
        for part_key, part in parts.items():
            staging.stage_key(part_key, part, period)
    return staging.staged(synthetic=kinds_of(rows) if is_bars else {})


def _by_key(dataset: Dataset, frame: pl.DataFrame, key: str | None) -> Iterator[tuple[str, pl.DataFrame]]:
    if key is not None:
        yield key, frame
        return
    for (value,), rows in frame.partition_by(dataset.key, as_dict=True, maintain_order=True).items():
        yield _NO_KEY if value is None else str(value), rows
