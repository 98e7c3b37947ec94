"""What a home takes on disk: its lake by dataset and key, its state, models and cache, and how it grows."""

import shutil
from dataclasses import dataclass
from typing import Final

import polars as pl

from quantmill.lake.disk import Disk
from quantmill.lake.usage import EncodedSize, list_changes, list_usage, measure_encoded, sample_paths
from quantmill.simulation.session_metrics import SESSIONS_PER_YEAR
from quantmill.state.status import read_status
from quantmill.upkeep.folders import measure_folder
from quantmill.upkeep.place import Place

__all__ = ["Storage", "measure_storage"]

# Files whose footers are read per dataset: enough for a ratio, and bounded on a large lake.
_MOST_FOOTERS: Final = 256


@dataclass(frozen=True, slots=True)
class Storage:
    """What is stored and what it takes.

    Attributes:
        usage: Lake files by dataset and key, as `list_usage` gives them.
        encoded: Sizes before compression by dataset; of a lake in a bucket none, since its files would have to be fetched.
        changes: Bytes that came and went, as `list_changes` gives them.
        state_bytes: The state database.
        models_bytes: Artifacts of models.
        cache_bytes: Compiled kernels.
        leftover_bytes: Files in the lake's folder that no snapshot holds: journal, views, files that wait for a decision,
            leftovers of writers that died.
        free_bytes: Free on the disk of the home.
        growth: `dataset`, `bytes_per_session` (a session of every symbol that it holds) and `bytes_per_year`, for the
            datasets that grow with each session.
        now_us: When this was measured, µs since 1970 UTC.
    """

    usage: pl.DataFrame
    encoded: dict[str, EncodedSize]
    changes: pl.DataFrame
    state_bytes: int
    models_bytes: int
    cache_bytes: int
    leftover_bytes: int
    free_bytes: int
    growth: pl.DataFrame
    now_us: int

    @property
    def lake_bytes(self) -> int:
        """Live and retired files of the lake."""
        return int(self.usage["bytes"].sum()) + int(self.usage["retired_bytes"].sum())

    @property
    def total_bytes(self) -> int:
        """Everything in the home."""
        own = self.state_bytes + self.models_bytes + self.cache_bytes
        return self.lake_bytes + self.leftover_bytes + own

    @property
    def bytes_per_year(self) -> int:
        """What a year of sessions adds when every symbol goes on as it did."""
        return int(self.growth["bytes_per_year"].sum())


def measure_storage(place: Place) -> Storage:
    """Look over a home; the lake's files are counted by the catalogue, and of some the footers are read.

    Raises:
        DamagedFileError: If a file whose footer is read is missing or damaged.
    """
    home = place.home
    with place.state.read() as connection:
        usage = list_usage(connection)
        changes = list_changes(connection)
        paths = sample_paths(connection, most=_MOST_FOOTERS)
    volume = place.lake.volume
    in_catalogue = int(usage["bytes"].sum()) + int(usage["retired_bytes"].sum())
    return Storage(
        usage=usage,
        encoded=measure_encoded(volume, paths) if isinstance(volume, Disk) else {},
        changes=changes,
        state_bytes=read_status(place.state).n_bytes,
        models_bytes=measure_folder(home.models_path).n_bytes,
        cache_bytes=measure_folder(home.root / "cache").n_bytes,
        leftover_bytes=max(measure_folder(home.lake_path).n_bytes - in_catalogue, 0),
        free_bytes=shutil.disk_usage(home.root).free,
        growth=_growth(usage),
        now_us=place.clock.now_us(),
    )


def _growth(usage: pl.DataFrame) -> pl.DataFrame:
    """Bytes per session of bars and of what is made of them bar by bar: a symbol's bytes by its sessions of bars."""
    bars = usage.filter(pl.col("dataset") == "bars", pl.col("sessions") > 0)
    per_bar = usage.filter((pl.col("dataset") == "bars") | pl.col("dataset").str.starts_with("features/"))
    per_key = per_bar.drop("sessions").join(bars.select("key", "sessions"), on="key", how="inner")
    return (
        per_key.with_columns((pl.col("bytes") / pl.col("sessions")).alias("bytes_per_session"))
        .group_by("dataset", maintain_order=True)
        .agg(pl.col("bytes_per_session").sum())
        .with_columns(
            (pl.col("bytes_per_session") * SESSIONS_PER_YEAR).round().cast(pl.Int64).alias("bytes_per_year")
        )
    )
