"""A database of an older revision is brought to the newest one, its rows kept."""

from pathlib import Path

from sqlalchemy import inspect, text

from quantmill.state.engine import open_state
from quantmill.state.schema import HEAD

BUILD = (
    "INSERT INTO feature_build (feature_set, version, interval, symbol, input_digest, snapshot, rows, sessions, "
    "null_counts, package_version, built_us) VALUES ('core', 'aaaaaaaa', '1m', 'SPY', 'd', 1, 2, 3, '{}', '0.1.0', 4)"
)
FEATURE_SET = "INSERT INTO feature_set VALUES ('core', 'aaaaaaaa', '1m', 'regular', 1, '0.1.0', 1)"


def test_a_home_of_the_first_revision_opens_with_its_builds(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    state = open_state(path)
    with state.write() as connection:
        for table in ("regime_build", "regime_fit"):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("ALTER TABLE feature_build DROP COLUMN context"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        connection.execute(text(FEATURE_SET))
        connection.execute(text(BUILD))
    state.close()

    reopened = open_state(path)

    with reopened.read() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == HEAD
        assert {"regime_build", "regime_fit"} <= set(inspect(connection).get_table_names())
        row = connection.execute(text("SELECT symbol, context FROM feature_build")).one()
    assert tuple(row) == ("SPY", None)
