"""Rows of docs/proofs.md: what a proof recorded, with its outcome and duration."""

import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

Figure = str | int | float


@dataclass
class ProofRow:
    """One proof of one session of `make prove`."""

    name: str
    figures: dict[str, Figure] = field(default_factory=dict)
    result: str = "not finished"
    duration_s: float = 0.0

    def render(self) -> str:
        """The row as a line of a Markdown table."""
        cells = (self.name, self.result, render_figures(self.figures), f"{self.duration_s:.1f} s")
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def render_figures(figures: Mapping[str, Figure]) -> str:
    """Figures in the order in which they were recorded; floats with four digits, counts with separators."""
    return ", ".join(f"{name} {_render_value(value)}" for name, value in figures.items())


def render_section(rows: list[ProofRow], *, at: datetime, commit: str) -> str:
    """Heading with date, commit and machine, then the table."""
    heading = f"## {at:%Y-%m-%d %H:%M} UTC, commit {commit}, Python {platform.python_version()}, {os.cpu_count()} CPUs"
    header = "| proof | result | figures | duration |\n|---|---|---|---|"
    return "\n".join([heading, "", header, *(row.render() for row in rows), ""])


def append_section(path: Path, rows: list[ProofRow], *, commit: str) -> None:
    """Add a dated section at the end of the page; an existing section is never changed."""
    section = render_section(rows, at=datetime.now(UTC), commit=commit)
    page = path.read_text(encoding="utf-8").rstrip("\n") + "\n\n" if path.exists() else ""
    path.write_text(page + section, encoding="utf-8")


def current_commit(repository: Path) -> str:
    """Short id of the commit, with a mark when files differ from it; `unknown` outside a checkout."""
    try:
        commit = _git(repository, "rev-parse", "--short", "HEAD")
        return f"{commit} with local changes" if _git(repository, "status", "--porcelain") else commit
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _render_value(value: Figure) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _git(repository: Path, *arguments: str) -> str:
    finished = subprocess.run(
        ["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=True
    )
    return finished.stdout.strip()
