"""Opening a home, and calling verbs as methods."""

import os
import sqlite3
from pathlib import Path

import pytest

import quantmill
from quantmill.errors import ConfigError, NoDataError, NotFoundError, UsageError
from quantmill.verbs.mill import Mill


def test_open_makes_a_home(tmp_path: Path) -> None:
    with quantmill.open(tmp_path / "new") as mill:
        assert mill.symbols().is_empty()

    assert (tmp_path / "new" / "state.db").is_file()


def test_reading_needs_a_home_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no quantmill home at") as caught:
        Mill.existing(tmp_path / "none")

    assert "--home" in caught.value.hint
    assert not (tmp_path / "none").exists()


def test_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="is a file; a folder is needed"):
        Mill.open(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_must_be_writable(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o555)

    with pytest.raises(ConfigError, match="is not writable"):
        Mill.open(tmp_path / "locked")


def test_a_newer_state_is_refused(tmp_path: Path) -> None:
    Mill.open(tmp_path).close()
    with sqlite3.connect(tmp_path / "state.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    with pytest.raises(ConfigError):
        Mill.open(tmp_path)


def test_methods_take_positions_and_names(tmp_path: Path) -> None:
    with Mill.open(tmp_path) as mill:
        with pytest.raises(NotFoundError):
            mill.bars("SPY", limit=3)
        with pytest.raises(NoDataError):
            mill.features.build()
        with pytest.raises(UsageError, match="there is no option limt"):
            mill.bars("SPY", limt=3)
        with pytest.raises(UsageError, match="symbol is given twice"):
            mill.bars("SPY", symbol="SPY")
        with pytest.raises(UsageError, match="2 positional values"):
            mill.bars("SPY", 3)


def test_unknown_verbs_name_the_known_ones(tmp_path: Path) -> None:
    mill = Mill.unopened(tmp_path)

    with pytest.raises(AttributeError, match="no verb 'trian'; known are demo, import"):
        _ = mill.trian
    with pytest.raises(AttributeError, match="no verb models nothing; known are "):
        _ = mill.models.nothing


def test_completion_lists_verbs(tmp_path: Path) -> None:
    mill = Mill.unopened(tmp_path)

    assert {"train", "import_", "features", "sql"} <= set(dir(mill))
    assert dir(mill.config) == ["check", "path", "show"]
    assert repr(mill.models.list).startswith("<verb models list(")
