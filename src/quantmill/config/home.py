"""Where a home keeps its things."""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Home"]


@dataclass(frozen=True, slots=True)
class Home:
    """A folder with everything quantmill stores: state, lake, models, cache."""

    root: Path

    @property
    def state_path(self) -> Path:
        """The embedded state database."""
        return self.root / "state.db"

    @property
    def lake_path(self) -> Path:
        """Root of the lake's files."""
        return self.root / "lake"

    @property
    def lake_cache_path(self) -> Path:
        """Copies of the lake's files when they lie elsewhere."""
        return self.root / "cache" / "lake"

    @property
    def models_path(self) -> Path:
        """Model artifacts."""
        return self.root / "models"

    def numba_cache_path(self, *versions: str) -> Path:
        """Compiled kernels of one combination of Python and library versions."""
        text = "|".join((sys.version, *versions))
        return self.root / "cache" / f"numba-{hashlib.sha256(text.encode()).hexdigest()[:10]}"

    @property
    def exists(self) -> bool:
        """Whether somebody has stored anything here."""
        return self.state_path.exists() or self.lake_path.exists()
