"""Verification finds each kind of damage; sweeping deletes leftovers and nothing else."""

import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import delete, insert, select, update

from quantmill.core.digest import file_digest
from quantmill.lake import Lake
from quantmill.state.tables.catalogue import FILE, FILE_SESSION
from quantmill.testing.lakes import make_bars


@pytest.fixture
def filled(lake: Lake) -> Lake:
    lake.write("bars", pl.concat([make_bars("SPY", 5), make_bars("QQQ", 3)]))
    lake.write("bars", make_bars("SPY", 2).with_columns(volume=2.0), on_conflict="replace")
    return lake


def spy(lake: Lake) -> Path:
    return lake.root / lake.files("bars", keys=["SPY"])[0].path


def rewrite(lake: Lake, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Damage that bytes and SHA-256 do not show: the catalogue is made to fit the changed file."""
    path = spy(lake)
    metadata = {k: v for k, v in pl.read_parquet_metadata(path).items() if k.startswith("quantmill.")}
    change(pl.read_parquet(path)).write_parquet(path, metadata=metadata)
    with lake.state.write() as connection:
        facts = {"bytes": path.stat().st_size, "sha256": file_digest(path)}
        connection.execute(
            update(FILE).where(FILE.c.path == path.relative_to(lake.root).as_posix()).values(**facts)
        )


def set_in_catalogue(lake: Lake, **values: object) -> None:
    with lake.state.write() as connection:
        connection.execute(update(FILE).where(FILE.c.key == "SPY", FILE.c.removed.is_(None)).values(**values))


def add_overlapping_month(lake: Lake) -> None:
    with lake.state.write() as connection:
        row = dict(connection.execute(select(FILE).where(FILE.c.key == "QQQ")).mappings().one())
        del row["id"]
        connection.execute(insert(FILE).values({**row, "period": "2024-03", "path": "bars/x.parquet"}))


def forget_sessions(lake: Lake) -> None:
    with lake.state.write() as connection:
        connection.execute(delete(FILE_SESSION))


def test_an_intact_lake_has_no_findings(filled: Lake) -> None:
    report = filled.verify()

    assert (report.ok, report.findings, report.files, report.rows) == (True, [], 3, 10)


DAMAGE = {
    "is missing": lambda lake: spy(lake).unlink(),
    "found 7 bytes": lambda lake: spy(lake).write_bytes(b"damaged"),
    "SHA-256": lambda lake: spy(lake).write_bytes(b"x" * spy(lake).stat().st_size),
    "found 4 rows, committed were 5": lambda lake: rewrite(lake, lambda bars: bars.head(4)),
    "digest of its rows": lambda lake: rewrite(lake, lambda bars: bars.with_columns(close=1.0)),
    "not sorted": lambda lake: rewrite(lake, lambda bars: bars.reverse()),
    "repeat the key": lambda lake: rewrite(lake, lambda bars: pl.concat([bars.head(4), bars[3:4]])),
    "first or last time": lambda lake: set_in_catalogue(lake, max_ts=1),
    "footer says period": lambda lake: set_in_catalogue(lake, period="2023"),
    "session counts": forget_sessions,
    "both are live": add_overlapping_month,
}


@pytest.mark.parametrize("finding", DAMAGE)
def test_damage_is_found_and_named(filled: Lake, finding: str) -> None:
    DAMAGE[finding](filled)

    report = filled.verify()

    assert not report.ok
    assert any(finding in line and line.startswith("bars/") for line in report.findings), report.findings


def test_a_sweep_deletes_old_leftovers_and_spares_young_and_published_files(filled: Lake) -> None:
    staged = filled.stage("bars", make_bars("DIA", 5))
    old, young = (filled.root / "_staging" / name for name in ("a.partial", "b.partial"))
    for path in (old, young):
        path.write_bytes(b"half")
    now_s = filled.clock.now_us() / 1e6
    orphan = filled.root / staged.drafts[0].path
    every = [*filled.root.rglob("*.parquet"), old]
    for path in every:
        os.utime(path, (now_s - 7200, now_s - 7200))
    os.utime(young, (now_s, now_s))

    report = filled.sweep()

    assert (report.partial_files, report.orphan_files, report.spared_files) == (1, 1, 1)
    assert not orphan.exists()
    assert filled.read_bars("SPY", as_of=1).height == 5
    assert filled.verify().ok


def test_discarded_writes_leave_no_file(filled: Lake) -> None:
    staged = filled.stage("bars", make_bars("DIA", 5))

    filled.discard([staged])

    assert not (filled.root / staged.drafts[0].path).exists()
