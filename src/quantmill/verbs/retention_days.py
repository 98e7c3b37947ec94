"""How many days each category of retention is kept, by the settings."""

from quantmill.config.settings import Settings

__all__ = ["kept_days"]


def kept_days(settings: Settings, category: str) -> int | None:
    """Days by the setting `retention.<category>_days`; None for ever."""
    days: int = getattr(settings.retention, f"{category}_days")
    return days or None
