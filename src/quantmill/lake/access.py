"""How a bucket is reached: its place, server and key, from the settings and the AWS_ variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, urlsplit

from quantmill.config.settings import S3Settings
from quantmill.errors import ConfigError

__all__ = ["Access", "Key", "access_of"]

_LOOPBACK: Final = ("localhost", "127.", "::1")
# Any of them leads the client of the store to the keys of a role.
_ROLE_VARIABLES: Final = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


@dataclass(frozen=True, slots=True)
class Key:
    """An access key, with the token of a session when it belongs to one."""

    id: str
    secret: str = field(repr=False)
    token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Access:
    """One folder of a bucket; a key or region that is None is left to the client of the store.

    `is_http` says whether the endpoint may be spoken to unencrypted.
    """

    bucket: str
    prefix: str
    endpoint: str | None
    region: str | None
    key: Key | None
    is_http: bool
    timeout_s: float
    max_retries: int

    @property
    def url(self) -> str:
        """The folder, as other programs name it."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def server(self) -> str:
        """Who is asked."""
        return self.endpoint or "Amazon S3"


def access_of(lake_url: str, s3: S3Settings, environment: Mapping[str, str]) -> Access:
    """How the bucket of `lake_url` is reached.

    Raises:
        ConfigError: If the URL or endpoint cannot be meant, or there are no credentials.
    """
    bucket, prefix = _place(lake_url)
    endpoint = (
        s3.endpoint_url
        or environment.get("AWS_ENDPOINT_URL_S3")
        or environment.get("AWS_ENDPOINT_URL")
        or None
    )
    return Access(
        bucket=bucket,
        prefix=prefix,
        endpoint=endpoint,
        region=s3.region,
        key=_key(s3, environment),
        is_http=endpoint is not None and _is_http(endpoint, is_allowed=s3.allow_http),
        timeout_s=s3.timeout_s,
        max_retries=s3.max_retries,
    )


def _place(url: str) -> tuple[str, str]:
    """Bucket and prefix."""
    parts = _split(url)
    if "@" in parts.netloc:
        hint = "give it as s3://bucket/prefix, and the key in `s3.access_key_id` or AWS_ACCESS_KEY_ID"
        raise ConfigError("`lake_url` holds a user or a key", hint=hint)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
        raise ConfigError(f"`lake_url` is {url!r}", hint="give it as s3://bucket/prefix")
    return parts.netloc, parts.path.strip("/")


def _is_http(endpoint: str, *, is_allowed: bool) -> bool:
    parts = _split(endpoint)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        raise ConfigError(
            "the endpoint of the object store is not of the form http(s)://host",
            hint="correct `s3.endpoint_url` or AWS_ENDPOINT_URL",
        )
    if parts.scheme == "http" and not host.startswith(_LOOPBACK) and not is_allowed:
        raise ConfigError(
            f"{endpoint} would be sent data and requests unencrypted",
            hint="use https://, or set `s3.allow_http` in a network that you trust",
        )
    return parts.scheme == "http"


def _key(s3: S3Settings, environment: Mapping[str, str]) -> Key | None:
    id_, secret = s3.access_key_id, s3.secret_access_key
    if (id_ is None) != (secret is None):
        hint = "set both or none"
        raise ConfigError("`s3.access_key_id` and `s3.secret_access_key` go together", hint=hint)
    if id_ is not None and secret is not None:
        return Key(id_.get_secret_value(), secret.get_secret_value(), None)
    named = [environment.get(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
    if named[0] and named[1]:
        return Key(named[0], named[1], environment.get("AWS_SESSION_TOKEN"))
    if not (s3.use_instance_role or any(environment.get(name) for name in _ROLE_VARIABLES)):
        raise ConfigError(
            "there are no credentials for the object store",
            hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `s3.use_instance_role` on a machine of Amazon's",
        )
    return None


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise ConfigError("an address of the object store cannot be understood", hint="correct it") from error
