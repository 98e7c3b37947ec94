"""Writes src/quantmill/core/schedules.json, the sessions of exchanges as the installed exchange_calendars computes them."""

from quantmill.core.computed_schedules import schedules_text
from quantmill.core.schedules import KEPT

if __name__ == "__main__":
    KEPT.write_text(schedules_text("XNYS"), encoding="utf-8")
