"""The migrations form one line that ends where the code expects it."""

from alembic.config import Config
from alembic.script import ScriptDirectory

from quantmill.state import schema


def test_the_newest_migration_is_the_one_the_code_needs() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema._MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]
