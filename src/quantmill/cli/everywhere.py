"""The options that every command takes: home, JSON, verbosity."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

__all__ = ["EVERYWHERE", "Everywhere", "accept_everywhere", "gather", "look_ahead"]

_PANEL: Final = "Everywhere"
_VARIABLE: Final = "QUANTMILL_HOME"

HomeOption = Annotated[
    str | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="Folder with lake, state and models; also QUANTMILL_HOME. (default: ./data)",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option(
        "--json", help="One JSON document on standard output.", show_default=False, rich_help_panel=_PANEL
    ),
]
VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", help="Log everything, show tracebacks.", show_default=False, rich_help_panel=_PANEL
    ),
]
EVERYWHERE: Final[dict[str, tuple[Any, Any]]] = {
    "home": (HomeOption, None),
    "as_json": (JsonOption, False),
    "verbose": (VerboseOption, False),
}


@dataclass(frozen=True, slots=True)
class Everywhere:
    """Values of the options that every command takes."""

    home: str | None = None
    as_json: bool = False
    verbose: bool = False

    def home_or(self, default: str) -> Path:
        """The home that was named by option or variable, else `default`."""
        return Path(self.home or os.environ.get(_VARIABLE) or default)


def accept_everywhere(
    home: HomeOption = None, as_json: JsonOption = False, verbose: VerboseOption = False
) -> None:
    """Take the options in front of a sub-command; the sub-command reads them from the context."""


def gather(context: typer.Context) -> Everywhere:
    """The options wherever they stood: the innermost home wins, a flag given anywhere holds."""
    chain: list[dict[str, Any]] = []
    at: Any = context
    while at is not None:
        chain.append(at.params)
        at = at.parent
    home = next((params["home"] for params in chain if params.get("home")), None)
    flags = {name: any(params.get(name) for params in chain) for name in ("as_json", "verbose")}
    return Everywhere(home, **flags)


def look_ahead(arguments: Sequence[str]) -> Everywhere:
    """The options as far as they can be told before anything is parsed."""
    words = list(arguments)
    if "--" in words:
        words = words[: words.index("--")]
    home = None
    for at, word in enumerate(words):
        if word == "--home" and at + 1 < len(words):
            home = words[at + 1]
        elif word.startswith("--home="):
            home = word.removeprefix("--home=")
    return Everywhere(home, "--json" in words, bool({"-v", "--verbose"} & set(words)))
