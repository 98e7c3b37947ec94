"""Columnar storage: immutable Parquet files, published by commits to a catalogue in the state database."""

from quantmill.lake.catalogue import FileRef
from quantmill.lake.commits import Commit
from quantmill.lake.merging import OnConflict
from quantmill.lake.staging import Staged
from quantmill.lake.store import Lake

__all__ = ["Commit", "FileRef", "Lake", "OnConflict", "Staged"]
