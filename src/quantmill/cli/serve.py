"""The command `serve`: answers requests over REST until it is interrupted."""

import json
import logging
import os
import sys
import threading
from typing import Annotated

import typer

from quantmill.cli.everywhere import HomeOption, JsonOption, VerboseOption, gather
from quantmill.cli.exit_codes import INTERRUPTED

__all__ = ["serve"]


def serve(
    context: typer.Context,
    host: Annotated[
        str,
        typer.Option("--host", help="Address to listen on; any but loopback needs the setting web.token."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port; 0 takes a free one.")] = 8000,
    home: HomeOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Answer requests over REST.

    Every verb is found under /api and described by /api/openapi.json. Work is done in the order in
    which it was asked for; an interrupt cancels what runs, and what waits is done by the next server.
    """
    everywhere = gather(context)
    root = everywhere.home_or("./data")

    from quantmill.telemetry.logs import log_to_stderr
    from quantmill.web.server import run_server

    log_to_stderr(verbose=everywhere.verbose)
    server_log = logging.getLogger("uvicorn")
    server_log.handlers[:] = logging.getLogger("quantmill").handlers
    server_log.setLevel(logging.INFO if everywhere.verbose else logging.WARNING)

    def announce(url: str) -> None:
        if everywhere.as_json:
            sys.stdout.write(json.dumps({"url": url, "home": str(root)}) + "\n")
            sys.stdout.flush()
        else:
            sys.stderr.write(
                f"serving {root} at {url}, described by {url}/api/openapi.json; Ctrl-C ends it\n"
            )

    try:
        run_server(root, host, port, announce=announce)
    except KeyboardInterrupt:
        if threading.active_count() > 1:
            # A step that cannot be interrupted would keep the process for as long as it takes.
            sys.stderr.write("error: interrupted; nothing half done was stored\n")
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        raise
