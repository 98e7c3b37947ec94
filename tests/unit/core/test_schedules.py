"""Schedules kept with the program against exchange_calendars, which they come from."""

import subprocess
import sys

import numpy as np
import pytest

from quantmill.core import computed_schedules, schedules
from quantmill.core.computed_schedules import computed_schedule, schedules_text
from quantmill.core.schedules import KEPT, schedule_of


def test_what_is_kept_is_what_the_installed_library_computes() -> None:
    # Fails when the library is another one: run `python tools/schedules.py` and read what it changed.
    assert KEPT.read_text(encoding="utf-8") == schedules_text("XNYS")

    kept, computed = schedule_of("XNYS"), computed_schedule("XNYS")

    assert kept.timezone == computed.timezone
    np.testing.assert_array_equal(kept.days, computed.days)
    np.testing.assert_array_equal(kept.open_us, computed.open_us)
    np.testing.assert_array_equal(kept.close_us, computed.close_us)


def test_another_version_of_the_library_is_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(schedules, "version", lambda _: "5.0.0")
    monkeypatch.setattr(computed_schedules, "computed_schedule", asked.append)

    schedule_of("XNYS")

    assert asked == ["XNYS"]


def test_an_exchange_that_is_not_kept_is_computed() -> None:
    # London: 08:00 to 16:30, an hour earlier in UTC in summer.
    london = schedule_of("XLON")
    at = int(np.searchsorted(london.days, np.datetime64("2024-07-03").astype(np.int64)))

    hours = [str(np.datetime64(int(us), "us"))[:16] for us in (london.open_us[at], london.close_us[at])]
    assert hours == ["2024-07-03T07:00", "2024-07-03T15:30"]


def test_a_kept_schedule_needs_neither_the_library_nor_pandas() -> None:
    code = (
        "import sys; from quantmill.core.calendar import calendar_for; calendar_for('XNYS'); "
        "print({'pandas', 'exchange_calendars'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "set()"
