"""Entry of the command: runs it and turns every ending into an exit code and one clear message."""

import contextlib
import json
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import Any, cast

from typer import Abort, TyperException

from quantmill.cli.app import build_app
from quantmill.cli.everywhere import Everywhere, look_ahead
from quantmill.cli.exit_codes import DONE, FAILED, INTERRUPTED, USAGE, exit_code
from quantmill.errors import QuantmillError, UsageError
from quantmill.verbs.registry import Verb

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: The words after `quantmill`; those of this process when None.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    early = look_ahead(words)
    interrupts = _count_interrupts()
    try:
        code = _run(words, early)
        sys.stdout.flush()
    except QuantmillError as error:
        return _report(error, type(error).__name__, str(error), error.hint, exit_code(error), early)
    except TyperException as error:
        return _report(error, "UsageError", _sentence(error), _help_hint(error), USAGE, early)
    except (KeyboardInterrupt, Abort) as error:
        return _report(
            error, "Interrupted", "interrupted; nothing half done was stored", "", INTERRUPTED, early
        )
    except BrokenPipeError:
        return _pipe_closed()
    except Exception as error:  # noqa: BLE001 - a person gets one line, with -v the traceback
        if interrupts:
            # A library swallowed the interrupt, as a compiler's callback does, and stumbled over the rest.
            message = "interrupted; nothing half done was stored"
            return _report(error, "Interrupted", message, "", INTERRUPTED, early)
        hint = "this should not happen; run again with -v for the traceback"
        return _report(error, type(error).__name__, f"{type(error).__name__}: {error}", hint, FAILED, early)
    return code


def _count_interrupts() -> list[int]:
    """A list that gains an entry with each Ctrl-C of this process; the interrupt itself is raised as ever."""
    interrupts: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        interrupts.append(number)
        signal.default_int_handler(number, frame)

    is_main = threading.current_thread() is threading.main_thread()
    # A shell's background job ignores Ctrl-C, and goes on doing so.
    if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
    return interrupts


def _run(words: list[str], early: Everywhere) -> int:
    def prepare(verb: Verb) -> None:
        if not {"--help", "-h"} & set(words):
            _keep_kernels(verb, early)

    app = build_app(_execute, prepare)
    try:
        code = cast("int | None", app(words, prog_name="quantmill", standalone_mode=False))
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else FAILED
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    return code or DONE


def _keep_kernels(verb: Verb, early: Everywhere) -> None:
    """Point the kernel cache at the home before a module with kernels is imported."""
    from quantmill.config.home import Home
    from quantmill.verbs.kernel_cache import keep_kernels_in

    home = Home(early.home_or(verb.default_home).expanduser())
    if verb.makes_home or (verb.access != "nothing" and home.exists):
        keep_kernels_in(home)


def _execute(verb: Verb, everywhere: Everywhere, given: dict[str, Any]) -> int:
    from quantmill.cli.options import OUT, PICTURE
    from quantmill.cli.progress import TerminalProgress
    from quantmill.cli.render import check_out, check_picture, render
    from quantmill.telemetry.logs import log_to_stderr
    from quantmill.verbs.mill import Mill
    from quantmill.verbs.request_reading import read_request

    log_to_stderr(verbose=everywhere.verbose)
    logging.captureWarnings(capture=True)
    request_type = verb.request_type()
    values = {name: given[name] for name in request_type.model_fields if given.get(name) is not None}
    out, picture = check_out(given.get(OUT), verb), check_picture(given.get(PICTURE))
    typed: str | None = verb.extra("TYPED_FIELD")
    if typed is not None and values.get(typed) in {None, "-"}:
        if typed not in values and sys.stdin.isatty():
            from quantmill.cli.sql_prompt import prompt_for

            return prompt_for(verb, everywhere, values, typed, has_out=out is not None)
        values[typed] = sys.stdin.read()
        if not values[typed].strip():
            raise UsageError(f"standard input holds no {typed}", hint=f"give the {typed} as an argument")
    request = read_request(request_type, values, flags=True)
    opened = Mill.existing if verb.opens_home and verb.access != "nothing" else Mill.unopened
    with (Mill.open if verb.makes_home else opened)(everywhere.home_or(verb.default_home)) as mill:
        # A library that prints must not break the one document on standard output.
        quiet = contextlib.redirect_stdout(sys.stderr) if everywhere.as_json else contextlib.nullcontext()
        with quiet, TerminalProgress() as progress:
            result = verb.run()(mill, request, progress)
    return render(result, verb, as_json=everywhere.as_json, out=out, picture=picture)


def _report(error: BaseException, kind: str, message: str, hint: str, code: int, early: Everywhere) -> int:
    """Say how a command ended: JSON on standard output when asked for, else words on standard error."""
    if early.verbose:
        traceback.print_exception(error, file=sys.stderr)
    message = " ".join(message.split())
    try:
        if early.as_json:
            document = {"error": {"type": kind, "message": message, "hint": hint or None}}
            sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        elif message:
            sys.stderr.write(f"error: {message}\n" + (f"hint: {hint}\n" if hint else ""))
    except BrokenPipeError:
        _pipe_closed()
    return code


def _pipe_closed() -> int:
    """The reader has seen enough, as `| head` has: end silently."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DONE


def _sentence(error: TyperException) -> str:
    if type(error).__name__ == "NoArgsIsHelpError":
        return ""
    return error.format_message()


def _help_hint(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"see {context.command_path} --help" if context is not None else "see quantmill --help"
