"""The verb `config check`: whether the settings can be used."""

from dataclasses import dataclass
from typing import Final

from quantmill.core.progress import Progress
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import Request

__all__ = ["READS_ONLY", "ConfigCheckRequest", "SettingsVerdict", "run"]

READS_ONLY: Final = True


class ConfigCheckRequest(Request):
    """Check the settings and name their sources."""


@dataclass(frozen=True)
class SettingsVerdict(Outcome):
    """Settings that could be read; wrong ones end in an error before this."""

    ok: bool
    findings: tuple[str, ...]
    sources: tuple[str, ...]
    n_keys: int
    n_changed: int

    def lines(self) -> list[str]:
        """The verdict and its sources."""
        changed = (
            f"{self.n_changed} set by {', '.join(self.sources)}" if self.sources else "all at their defaults"
        )
        return [f"settings are usable: {self.n_keys} keys, {changed}"]


def run(mill: Mill, request: ConfigCheckRequest, progress: Progress) -> SettingsVerdict:
    """The sources that changed a default, and how many they changed."""
    origins = [origin for origin in mill.loaded_settings.origins.values() if origin != "default"]
    sources = tuple(dict.fromkeys(origins))
    return SettingsVerdict(True, (), sources, len(mill.loaded_settings.origins), len(origins))
