"""The verb `storage`: what the home takes on disk, and how it grows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from quantmill.core.panels import Picture
from quantmill.core.progress import Progress
from quantmill.core.sizes import size_text
from quantmill.upkeep.place import Place
from quantmill.upkeep.storage import Storage, measure_storage
from quantmill.upkeep.storage_picture import storage_picture
from quantmill.verbs.json_form import Json, json_of
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import Request

__all__ = ["READS_ONLY", "StorageReport", "StorageRequest", "draw", "run"]

READS_ONLY: Final = True


class StorageRequest(Request):
    """Show what the home takes on disk, and how it grows."""


@dataclass(frozen=True)
class StorageReport(Outcome):
    """The sizes of a home by place, and of its lake by dataset and key."""

    storage: Storage

    def to_json(self) -> Json:
        """Totals, places, growth, and one entry per dataset and key."""
        of = self.storage
        return {
            "total_bytes": of.total_bytes,
            "lake_bytes": of.lake_bytes,
            "retired_bytes": int(of.usage["retired_bytes"].sum()),
            "leftover_bytes": of.leftover_bytes,
            "state_bytes": of.state_bytes,
            "models_bytes": of.models_bytes,
            "cache_bytes": of.cache_bytes,
            "free_bytes": of.free_bytes,
            "bytes_per_year": of.bytes_per_year,
            "growth": json_of(of.growth),
            "compression": {
                name: {"ratio": size.ratio, "files_measured": size.n_files}
                for name, size in of.encoded.items()
            },
            "usage": json_of(self.table()),
        }

    def table(self) -> pl.DataFrame:
        """One row per dataset and key."""
        per_row = (pl.col("bytes") / pl.col("rows")).fill_nan(None).alias("bytes_per_row")
        return self.storage.usage.with_columns(per_row)

    def shown_table(self) -> pl.DataFrame:
        """A tree: each dataset with its sums and compression, its keys below it."""
        rows = [
            row for dataset in self.storage.usage.partition_by("dataset") for row in self._branch(dataset)
        ]
        return pl.DataFrame(rows)

    def lines(self) -> list[str]:
        """Where the bytes are, what can be freed, and what is to come."""
        of = self.storage
        usage = of.usage
        retired = int(usage["retired_bytes"].sum())
        hot = int(usage["hot_bytes"].sum())
        places = {
            "lake": of.lake_bytes + of.leftover_bytes,
            "state": of.state_bytes,
            "models": of.models_bytes,
            "cache": of.cache_bytes,
        }
        lines = [
            f"{size_text(of.total_bytes)} in all: "
            + ", ".join(f"{name} {size_text(n_bytes)}" for name, n_bytes in places.items()),
            f"of the lake {size_text(hot)} are hot, {size_text(retired)} retired and not yet cleaned, "
            f"{size_text(of.leftover_bytes)} in no snapshot: journal, views, files that wait, leftovers",
            *(
                f"{row['dataset']}: {size_text(row['bytes_per_session'])} a session, "
                f"{size_text(row['bytes_per_year'])} a year"
                for row in of.growth.iter_rows(named=True)
            ),
        ]
        return [*lines, _outlook(of)]

    def _branch(self, of_dataset: pl.DataFrame) -> Iterator[dict[str, Any]]:
        name = of_dataset["dataset"][0]
        size = self.storage.encoded.get(name)
        sums = {column: of_dataset[column].sum() for column in of_dataset.columns[2:]}
        yield _row(name, sums, ratio=None if size is None else size.ratio)
        rows = of_dataset.rows(named=True)
        for at, row in enumerate(rows):
            yield _row(f"{'└' if at == len(rows) - 1 else '├'} {row['key']}", row, ratio=None)


def run(mill: Mill, request: StorageRequest, progress: Progress) -> StorageReport:
    """Asks the catalogue, reads the footers of the largest files, and measures the folders.

    Raises:
        DamagedFileError: If a lake file is missing or damaged.
    """
    return StorageReport(measure_storage(Place(mill.home, mill.lake)))


def draw(report: StorageReport) -> Picture:
    """Bytes by dataset and by key, and how they grew."""
    return storage_picture(report.storage)


def _row(name: str, counts: dict[str, Any], *, ratio: float | None) -> dict[str, Any]:
    rows = counts["rows"]
    return {
        "lake": name,
        "files": counts["files"],
        "rows": rows,
        "size": size_text(counts["bytes"]),
        "per row": f"{counts['bytes'] / rows:.1f} B" if rows else "-",
        "compressed": "" if ratio is None else f"{ratio:.1f}×",
        "hot": size_text(counts["hot_bytes"]) if counts["hot_bytes"] else "",
        "retired": size_text(counts["retired_bytes"]) if counts["retired_bytes"] else "",
    }


def _outlook(storage: Storage) -> str:
    yearly = storage.bytes_per_year
    free = f"{size_text(storage.free_bytes)} are free on the disk"
    if not yearly:
        return free
    years = storage.free_bytes / yearly
    return (
        f"a year of 252 sessions adds about {size_text(yearly)} if every symbol goes on as it did; "
        f"{free}, enough for {'more than 100' if years > 100 else f'{years:.1f}'} years"
    )
