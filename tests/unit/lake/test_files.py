"""Data files: the codec is a choice of the writer alone."""

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from quantmill.core.clock import SystemClock
from quantmill.lake import Lake
from quantmill.lake.disk import Disk
from quantmill.lake.volume import Codec
from quantmill.state.engine import open_state
from quantmill.testing.lakes import make_bars


@pytest.mark.parametrize("codec", ["zstd", "snappy", "lz4"])
def test_new_files_have_the_codec_of_the_opened_lake(tmp_path: Path, codec: Codec) -> None:
    lake = Lake.open(
        tmp_path / "lake",
        open_state(tmp_path / "state.db"),
        SystemClock(),
        volume=Disk(tmp_path / "lake", codec),
    )
    lake.write("bars", make_bars("SPY", 500))

    group = pq.read_metadata(lake.root / lake.files("bars")[0].path).row_group(0)

    # An independent reader's names; Parquet has two lz4 framings, and the raw one is that of today.
    assert group.column(2).compression in {codec.upper(), f"{codec.upper()}_RAW"}


def test_a_mixture_of_codecs_is_read_and_merged(tmp_path: Path) -> None:
    codecs: list[Codec] = ["zstd", "snappy", "lz4"]
    for n_bars, codec in enumerate(codecs, start=1):
        lake = Lake.open(
            tmp_path / "lake",
            open_state(tmp_path / "state.db"),
            SystemClock(),
            volume=Disk(tmp_path / "lake", codec),
        )
        lake.write("bars", pl.concat([make_bars("SPY", 10 * n_bars), make_bars(f"S{n_bars}", 5)]))

        assert lake.scan("bars", keys=["SPY"]).collect().height == 10 * n_bars

    assert lake.scan("bars").collect().height == 30 + 15
    assert lake.sql("SELECT count(*) AS n FROM bars").item() == 45
