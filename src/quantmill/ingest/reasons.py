"""What each reason of the quarantine means, for bars, days and articles alike."""

from collections.abc import Mapping
from typing import Final

from quantmill.ingest import daily_validation, news_validation, validation

__all__ = ["REASONS"]

REASONS: Final[Mapping[str, str]] = {
    **news_validation.REASONS,
    **daily_validation.REASONS,
    **validation.REASONS,
}
