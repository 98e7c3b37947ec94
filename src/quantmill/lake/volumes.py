"""Opens the volume that the settings of a home name."""

import importlib
import os
from collections.abc import Mapping
from pathlib import Path

from quantmill.config.settings import S3Settings
from quantmill.core.clock import Clock
from quantmill.errors import ConfigError
from quantmill.lake.access import access_of
from quantmill.lake.disk import Disk
from quantmill.lake.file_cache import FileCache
from quantmill.lake.volume import Codec, Volume

__all__ = ["open_volume"]


def open_volume(
    folder: Path,
    lake_url: str | None,
    s3: S3Settings,
    *,
    cache_path: Path,
    clock: Clock,
    codec: Codec = "zstd",
    environment: Mapping[str, str] = os.environ,
) -> Volume:
    """The lake's volume: `folder`, or the bucket that `lake_url` names.

    Args:
        folder: Where files lie when no URL is set.
        lake_url: `s3://bucket/prefix`.
        s3: How the bucket is reached.
        cache_path: Where copies of a bucket's files go.
        clock: Tells when copies are used.
        codec: Compression of new files.
        environment: Holds the AWS_ variables.

    Raises:
        ConfigError: If the URL or endpoint cannot be meant, there are no credentials, or the client of object
            stores is not installed.
    """
    if lake_url is None:
        return Disk(folder.absolute(), codec)
    access = access_of(lake_url, s3, environment)
    try:
        # Imported when needed: it is an extra, and takes its time.
        open_bucket = importlib.import_module("quantmill.lake.bucket").open_bucket
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{access.url} needs the client of object stores: {error}", hint="pip install 'quantmill[s3]'"
        ) from error
    cache = FileCache(cache_path, s3.cache_bytes, clock)
    return open_bucket(access, cache, parallel=s3.parallel, codec=codec)
