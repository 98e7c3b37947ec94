"""The page of proofs that `make prove` writes."""

from datetime import UTC, datetime
from pathlib import Path

from tests.proof_table import ProofRow, append_section, render_section


def test_section_has_date_commit_and_one_row_per_proof() -> None:
    rows = [ProofRow("a|b", {"reads": 1084, "ratio": 0.123456}, "holds", 1.25), ProofRow("c")]

    section = render_section(rows, at=datetime(2026, 11, 20, 9, 5, tzinfo=UTC), commit="abc1234")

    assert section.startswith("## 2026-11-20 09:05 UTC, commit abc1234, Python ")
    assert "| a\\|b | holds | reads 1,084, ratio 0.1235 | 1.2 s |" in section
    assert "| c | not finished |  | 0.0 s |" in section


def test_earlier_sections_stay_as_they_are(tmp_path: Path) -> None:
    page = tmp_path / "proofs.md"
    page.write_text("# Proofs\n\nkept\n", encoding="utf-8")

    append_section(page, [ProofRow("first")], commit="one")
    earlier = page.read_text(encoding="utf-8")
    append_section(page, [ProofRow("second")], commit="two")

    assert page.read_text(encoding="utf-8").startswith(earlier)
