"""The categories of retention, each declared once."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection

from quantmill.features.records import forget_builds
from quantmill.features.regimes.definition import REGIMES
from quantmill.features.regimes.records import fitted_before, forget_regimes
from quantmill.ingest.drift_records import decided_before
from quantmill.jobs.queue import ended_before
from quantmill.state.tables.features import REGIME_FIT
from quantmill.state.tables.jobs import JOB
from quantmill.state.tables.schema_drift import SCHEMA_DRIFT
from quantmill.upkeep.folder_parts import Folders
from quantmill.upkeep.lake_parts import LakeFiles
from quantmill.upkeep.retention import Category
from quantmill.upkeep.state_parts import StateRows

__all__ = ["CATEGORIES"]

_RAW: Final = frozenset({"bars", "revisions", "quarantine"})
_CURVES: Final = frozenset({"equity", "trades", "trials"})
_SET: Final = re.compile(r"features/(?P<set>[^@]+)@(?P<version>[^/]+)/")


def _is_processed(dataset: str) -> bool:
    return dataset == "predictions" or dataset.startswith("features/")


def _forget_features(connection: Connection, dataset: str, key: str) -> None:
    named = _SET.match(dataset)
    if named is None:
        return
    if dataset == REGIMES.dataset:
        forget_regimes(connection, key, named["version"])
    else:
        forget_builds(connection, named["set"], named["version"], key)


def _kernels_in_use() -> Path | None:
    folder = os.environ.get("NUMBA_CACHE_DIR")
    return Path(folder) if folder else None


# In no category, so that nothing removes them: the trial ledger, models, runs, batches, corporate actions.
_TABLE: Final = (
    Category(
        "raw_data",
        "bars, their revisions and quarantined rows, file by file, from the time of a file's last row",
        (LakeFiles(_RAW.__contains__, "rows"),),
    ),
    Category(
        "processed_data",
        "features and regimes of a symbol, predictions of a model, from when they were last written",
        (LakeFiles(_is_processed, "group", _forget_features),),
    ),
    Category(
        "performance_metrics",
        "equity and trades of a run, trials of a batch, from when they were written; the runs' metrics stay",
        (LakeFiles(_CURVES.__contains__, "group"),),
    ),
    Category(
        "schema_drift",
        "events of schema drift that were decided, from when they were seen; baselines and open events stay",
        (StateRows(SCHEMA_DRIFT, decided_before, "drift events"),),
    ),
    Category(
        "checkpoints",
        "fitted regimes and compiled kernels not in use, which are made again when needed, from when they were made",
        (
            StateRows(REGIME_FIT, fitted_before, "fitted regimes"),
            Folders(lambda home: home.root / "cache", "numba-*", _kernels_in_use),
        ),
    ),
    Category(
        "heartbeat",
        "jobs that completed, failed or were cancelled, from their end",
        (StateRows(JOB, ended_before, "ended jobs"),),
    ),
    Category("logs", "stored log lines; logs go to standard error, none are stored", ()),
)

CATEGORIES: Final[Mapping[str, Category]] = MappingProxyType({category.name: category for category in _TABLE})
