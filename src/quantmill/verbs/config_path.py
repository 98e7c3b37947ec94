"""The verb `config path`: the files and folders in use."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from quantmill.core.progress import Progress
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import Request

__all__ = ["READS_ONLY", "ConfigPathRequest", "Places", "run"]

READS_ONLY: Final = True


class ConfigPathRequest(Request):
    """Show which files and folders are used."""


@dataclass(frozen=True)
class Places(Outcome):
    """Absolute paths; settings files are listed whether or not they exist."""

    home: Path
    state: Path
    lake: Path
    models: Path
    settings_file: Path
    dotenv_file: Path


def run(mill: Mill, request: ConfigPathRequest, progress: Progress) -> Places:
    """The places of the home, and of the settings in the present folder."""
    home = mill.home
    here = Path.cwd()
    places = (
        home.root,
        home.state_path,
        home.lake_path,
        home.models_path,
        here / "quantmill.toml",
        here / ".env",
    )
    return Places(*(place.resolve() for place in places))
