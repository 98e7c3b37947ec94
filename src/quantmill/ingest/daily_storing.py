"""Daily rows as versions: what is new, what corrects a stored row, and the commit of both."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import polars as pl
from sqlalchemy import Connection

from quantmill.core.bars import UTC_TIME
from quantmill.errors import CommitConflictError, ConflictError
from quantmill.ingest.report import FileOutcome
from quantmill.lake.datasets import DAILY
from quantmill.lake.known import known_by
from quantmill.lake.merging import OnConflict
from quantmill.lake.staging import Staged
from quantmill.lake.store import Lake
from quantmill.providers.files.options import FEED, PROVIDER

__all__ = ["DailyTally", "store_daily"]

_ATTEMPTS: Final = 20
_EVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
_VALUES: Final = ["open", "high", "low", "close", "volume"]
_KEY: Final = ["symbol", "session"]


@dataclass
class DailyTally:
    """Counts of one import; every row read is in exactly one of the first group.

    `rows_read = rows_stored + rows_revised + rows_existing + rows_duplicate + rows_quarantined`. `rows_existing` were stored
    before, also with other values: then they count as `conflicts` too, and so do `rows_revised`, which replaced them.
    `opens_left_out` are stored rows of an index whose open cannot be right.
    """

    rows_read: int = 0
    rows_stored: int = 0
    rows_revised: int = 0
    rows_existing: int = 0
    rows_duplicate: int = 0
    rows_quarantined: int = 0
    conflicts: int = 0
    opens_left_out: int = 0
    reasons: Counter[str] = field(default_factory=Counter[str])
    symbols: set[str] = field(default_factory=set[str])
    files: list[FileOutcome] = field(default_factory=list[FileOutcome])
    snapshot: int = 0


def store_daily(
    lake: Lake,
    rows: pl.DataFrame,
    bad: Sequence[pl.DataFrame],
    on_conflict: OnConflict,
    tally: DailyTally,
    completing: Callable[[], AbstractContextManager[Connection]] | None,
) -> None:
    """Store rows, one per symbol and session, and quarantined ones, in one commit; `tally` is told what happened.

    Args:
        lake: Where to.
        rows: The columns of `DAILY_SCHEMA` and `available_at`.
        bad: Frames of dataset `quarantine`.
        on_conflict: What happens to stored rows that differ.
        tally: Its symbols are those of the rows.
        completing: Transaction to publish in.

    Raises:
        ConflictError: If rows differ from stored ones under `fail`; nothing is stored.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        staged: list[Staged] = []
        before = lake.snapshot()
        try:
            new = _new_versions(lake, rows, on_conflict, tally)
            if new.height:
                staged.append(lake.stage(DAILY.name, new))
            if bad:
                kept = pl.concat(bad).unique("row_digest", keep="first", maintain_order=True)
                staged.append(lake.stage("quarantine", kept))
            if any(part.base_snapshot != before for part in staged):
                # Versions were told apart by what was stored at `before`.
                raise CommitConflictError("another writer came first; the import can be prepared again")
            if completing is None:
                tally.snapshot = lake.commit(staged, note="import of daily rows").snapshot
            else:
                with completing() as connection:
                    tally.snapshot = lake.commit(
                        staged, connection=connection, note="import of daily rows"
                    ).snapshot
        except CommitConflictError:
            lake.discard(staged)
            if attempt == _ATTEMPTS:
                raise
        except BaseException:
            lake.discard(staged)
            raise
        else:
            return


def _new_versions(lake: Lake, rows: pl.DataFrame, on_conflict: OnConflict, tally: DailyTally) -> pl.DataFrame:
    """The offered rows that become versions: those of unknown days, and under `replace` those that differ."""
    stored = known_by(_EVER, lake.scan(DAILY.name, keys=sorted(tally.symbols)), DAILY).collect()
    fresh = rows.join(stored, on=_KEY, how="anti", maintain_order="left")
    known = rows.join(
        stored.select(*_KEY, *(pl.col(name).alias(f"{name} stored") for name in [*_VALUES, "available_at"])),
        on=_KEY,
        how="inner",
        maintain_order="left",
    )
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name} stored")) for name in _VALUES)
    differing = known.filter(differs)
    tally.conflicts = differing.height
    if differing.height and on_conflict == "fail":
        first = differing.row(0, named=True)
        raise ConflictError(
            f"daily: {differing.height} rows differ from stored ones, first {first['symbol']} {first['session']}"
        )
    # A correction is known from its receipt on, and later than what it corrects.
    now = pl.lit(lake.clock.now()).cast(UTC_TIME)
    later = pl.col("available_at stored") + pl.duration(microseconds=1)
    revised = differing.with_columns(pl.max_horizontal(now, later).alias("available_at"))
    if on_conflict == "keep":
        revised = revised.clear()
    tally.rows_stored = fresh.height
    tally.rows_revised = revised.height
    tally.rows_existing = known.height - revised.height
    columns = [*_KEY, *_VALUES, "available_at"]
    return pl.concat([fresh.select(columns), revised.select(columns)]).with_columns(
        pl.lit(PROVIDER).alias("provider"), pl.lit(FEED).alias("feed")
    )
