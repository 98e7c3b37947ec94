"""Runs the server on an address until it is told to stop."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

import uvicorn

from quantmill.config.loading import load_settings
from quantmill.config.settings import WebSettings
from quantmill.errors import ConfigError
from quantmill.web.application import GRACE_S, create_app
from quantmill.web.gate import is_loopback

__all__ = ["listen", "run_server", "url_of"]

_TIMEOUT_S: Final = int(GRACE_S)


def listen(host: str, port: int, settings: WebSettings) -> socket.socket:
    """A listening socket.

    Args:
        host: Name or address to listen on.
        port: Its port; 0 takes a free one.
        settings: The token, without which only loopback may be listened on.

    Raises:
        ConfigError: If the address is open to other machines and no token is set, or cannot be listened on.
    """
    if settings.token is None and not is_loopback(host):
        raise ConfigError(
            f"{host} can be reached from other machines, and no token is set",
            hint="set web.token (QUANTMILL_WEB__TOKEN) to a secret of 16 characters or more, or serve on 127.0.0.1",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"cannot listen on {host} port {port}: {error}",
            hint="name another port with --port; 0 takes a free one",
        ) from error


def url_of(listening: socket.socket) -> str:
    """The URL at which a listening socket is reached."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run_server(home: Path, host: str, port: int, *, announce: Callable[[str], None]) -> None:
    """Serve a home until the process gets SIGINT or SIGTERM; running jobs are cancelled then.

    Args:
        home: The folder.
        host: Name or address to listen on.
        port: Its port; 0 takes a free one.
        announce: Gets the URL when the server is about to answer.

    Raises:
        ConfigError: If a setting is wrong, or the address cannot be listened on or may not without a token.
        KeyboardInterrupt: After SIGINT; SIGTERM ends the process. Both take seconds at most.
    """
    with listen(host, port, load_settings(Path.cwd()).values.web) as listening:
        app = create_app(home)
        announce(url_of(listening))
        config = uvicorn.Config(
            app, log_config=None, server_header=False, timeout_graceful_shutdown=_TIMEOUT_S
        )
        uvicorn.Server(config).run(sockets=[listening])
