"""Who may ask: checks host, token and origin of every request before anything else sees it."""

import hmac
import ipaddress
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quantmill.config.settings import WebSettings
from quantmill.web.problems import Refusal, refusal_response

__all__ = ["Gate", "is_local_peer", "is_loopback"]

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


class Gate:
    """Turns away requests from elsewhere: other machines without the token, pages of other sites.

    - Host must be localhost, an address in figures or a name of the setting `web.hosts`: a page whose name was
      pointed at this machine (DNS rebinding) sends its own name.
    - With the setting `web.token` every request carries it; without, only this machine may ask.
    - A request that changes something and says where it comes from must come from the server's own
      pages or from an origin of `web.cors_origins`. Programs such as curl say nothing and pass.
    """

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self._app = app
        self._token = None if settings.token is None else settings.token.get_secret_value()
        self._hosts = frozenset({"localhost", *(name.lower() for name in settings.hosts)})
        self._origins = frozenset(settings.cors_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass with safe headers on its answer, or turn it away."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    # A page brings its own policy, which lets it have its style.
                    headers.setdefault(name, value)
            await send(message)

        try:
            self._check(scope, Headers(scope=scope))
        except Refusal as refusal:
            await refusal_response(refusal)(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

    def _check(self, scope: Scope, headers: Headers) -> None:
        host = headers.get("host", "")
        if not self._is_ours(host):
            raise Refusal(
                HTTPStatus.MISDIRECTED_REQUEST,
                f"Host is {host!r}; this server is addressed as localhost or by its address in figures",
                hint="the setting web.hosts names further hosts",
            )
        if self._token is None:
            if not is_local_peer(scope):
                raise Refusal(
                    HTTPStatus.FORBIDDEN,
                    "only this machine may ask while no token is set",
                    hint="set web.token (QUANTMILL_WEB__TOKEN) where the server runs",
                )
        elif not _has_token(headers, self._token):
            raise Refusal(
                HTTPStatus.UNAUTHORIZED,
                "the request does not carry the server's token",
                hint="send the header Authorization: Bearer TOKEN",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if scope["method"] not in _SAFE_METHODS:
            self._check_origin(headers, host)

    def _is_ours(self, host: str) -> bool:
        name = host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
        return name.lower() in self._hosts or _address(name) is not None

    def _check_origin(self, headers: Headers, host: str) -> None:
        origin = headers.get("origin")
        if origin is not None and origin in self._origins:
            return
        site = headers.get("sec-fetch-site", "none")
        if site not in {"same-origin", "none"} or (origin is not None and origin.partition("://")[2] != host):
            raise Refusal(
                HTTPStatus.FORBIDDEN,
                f"the request comes from a page of another site ({origin or site})",
                hint="the setting web.cors_origins names sites whose pages may ask",
            )


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    address = _address(host)
    if address is None:
        return host.lower() == "localhost"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def is_local_peer(scope: Scope) -> bool:
    """Whether a request comes from this machine; a socket file, which has no address, does."""
    client: tuple[str, int] | None = scope.get("client")
    return client is None or is_loopback(client[0])


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _has_token(headers: Headers, token: str) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
