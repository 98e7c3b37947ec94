"""The command tree: names and help from the verbs' table, the rest of a command made when it is called."""

import inspect
from collections.abc import Callable
from typing import Any, Final

import typer
from typer.core import TyperGroup

from quantmill.cli.everywhere import (
    Everywhere,
    HomeOption,
    JsonOption,
    VerboseOption,
    accept_everywhere,
    gather,
)
from quantmill.cli.serve import serve
from quantmill.core.version import VERSION
from quantmill.verbs.registry import GROUPS, VERBS, Verb

__all__ = ["Execute", "build_app"]

Execute = Callable[[Verb, Everywhere, dict[str, Any]], int]
Prepare = Callable[[Verb], None]

_HELP: Final = "Turn 1-minute market bars into honestly ranked strategies."
_HELP_NAMES: Final = {"help_option_names": ["-h", "--help"]}
_SETTINGS: Final[dict[str, Any]] = {
    "no_args_is_help": True,
    "rich_markup_mode": "rich",
    "context_settings": _HELP_NAMES,
}


def build_app(execute: Execute, prepare: Prepare) -> typer.Typer:
    """The whole command tree.

    Args:
        execute: Runs a verb with the values given on the command line and returns the exit code.
        prepare: Called before the module of a verb is imported.
    """

    class LazyGroup(TyperGroup):
        """Replaces the named command, known by its one line of help, with the one that has its options."""

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - Typer's types here are private
            name, command, rest = super().resolve_command(ctx, args)
            verb = VERBS.get(f"{ctx.info_name} {name}" if ctx.parent is not None else str(name))
            if verb is None:
                return name, command, rest
            if not ctx.resilient_parsing:
                prepare(verb)
            return name, _whole_command(verb, execute), rest

        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - likewise
            """Commands in the order of the verbs' table, which is that of the work."""
            order = list(dict.fromkeys(verb.words.partition(" ")[0] for verb in VERBS.values()))
            return sorted(
                super().list_commands(ctx),
                key=lambda name: order.index(name) if name in order else len(order),
            )

    app = typer.Typer(name="quantmill", help=_HELP, cls=LazyGroup, **_SETTINGS)
    app.callback()(_accept_at_root)
    groups = {
        name: typer.Typer(name=name, help=text, cls=LazyGroup, **_SETTINGS) for name, text in GROUPS.items()
    }
    for group in groups.values():
        group.callback()(accept_everywhere)
    placed: set[str] = set()
    for verb in VERBS.values():
        home = app if verb.group is None else groups[verb.group]
        home.command(verb.name, help=verb.help)(_placeholder)
        if verb.group is not None and verb.group not in placed:
            placed.add(verb.group)
            app.add_typer(groups[verb.group])
    app.command("serve")(serve)
    return app


def _whole_command(verb: Verb, execute: Execute) -> Any:  # noqa: ANN401 - Typer's types here are private
    from quantmill.cli.options import command_parameters

    def command(context: typer.Context, **given: Any) -> int:  # noqa: ANN401 - options differ by verb
        return execute(verb, gather(context), given)

    request = verb.request_type()
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    setattr(  # noqa: B010 - a function's signature is not declared as an attribute
        command, "__signature__", inspect.Signature([context, *command_parameters(verb, request)])
    )
    single = typer.Typer(add_completion=False, rich_markup_mode="rich", context_settings=_HELP_NAMES)
    single.command(verb.name, help=inspect.getdoc(request), no_args_is_help=False)(command)
    return typer.main.get_command(single)


def _placeholder() -> None:
    """Stand in the list of commands."""


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"quantmill {VERSION}")
        raise typer.Exit


def _accept_at_root(
    home: HomeOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and leave."
    ),
) -> None:
    accept_everywhere(home, as_json, verbose)
