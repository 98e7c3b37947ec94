"""The table of Section 31 rates is the one that was put together from the SEC's advisories.

SOURCE: ../shared/data/corporate_actions/sec_section31_rates.csv, each row with the address of its advisory.
"""

from pathlib import Path

import polars as pl
import pytest

from quantmill.simulation.regulatory_fees import SECTION_31


def test_every_rate_and_its_first_day(real_data: Path) -> None:
    rates = pl.read_csv(real_data / "corporate_actions" / "sec_section31_rates.csv", try_parse_dates=True)

    assert [day for day, _ in SECTION_31] == rates["effective_from"].to_list()
    assert [rate for _, rate in SECTION_31] == pytest.approx(rates["rate_per_million"].to_list())
    # Rates follow one another without a gap.
    follows = rates["effective_to"].dt.offset_by("1d").to_list()[:-1]
    assert follows == rates["effective_from"].to_list()[1:]
