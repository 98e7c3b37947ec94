"""The first views.

A view holds nothing, so `env.py` drops and makes all of them around every upgrade, as
`quantmill.state.views` has them: this revision, and each that changes a view, is there to bring an upgrade about.
"""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing but the revision."""
