"""What a job's row keeps of its ending: result, notes, and the hint of its error."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns, unless the table is new."""
    columns = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("job")}
    for name in ("error_hint", "result", "notes"):
        if name not in columns:
            op.add_column("job", sa.Column(name, sa.Text))
