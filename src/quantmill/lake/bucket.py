"""A volume in a bucket of an object store, read through copies on this machine."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from quantmill.errors import DamagedFileError
from quantmill.lake.access import Access
from quantmill.lake.file_cache import FileCache
from quantmill.lake.layout import JOURNAL
from quantmill.lake.objects import Objects
from quantmill.lake.volume import Codec, StoredFile

__all__ = ["Bucket", "open_bucket"]

_SUFFIX: Final = ".parquet"
_LINE_SUFFIX: Final = ".json"

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Bucket:
    """Files as objects, up to `parallel` of them at a time.

    The store shows an object whole or not at all, so there are no partial files.
    """

    address: str
    objects: Objects
    cache: FileCache
    parallel: int
    codec: Codec = "zstd"

    def write(self, path: str, payload: memoryview, *, uid: str) -> None:
        """Store an object with the digest of its bytes, and keep a copy.

        Raises:
            StoreError: If the store or the folder of copies does not take it.
        """
        self.objects.put(path, payload, sha256=hashlib.sha256(payload).hexdigest())
        self.cache.add(path, [payload])

    def local(self, paths: Sequence[str], *, fresh: bool = False) -> list[Path]:
        """Copies of the objects, those fetched that are not here.

        Raises:
            FileNotFoundError: If an object is gone that has no copy here.
            DamagedFileError: If an object's bytes are not those that were stored.
            StoreError: If the store does not answer.
        """
        found = {path: None if fresh else self.cache.find(path) for path in paths}
        wanted = [path for path, copy in found.items() if copy is None]
        fetched = dict(zip(wanted, self._each(self._fetch, wanted), strict=True))
        return [found[path] or fetched[path] for path in paths]

    def missing(self, paths: Sequence[str]) -> list[str]:
        """Those of the paths where there is no object."""
        return [path for path, has in zip(paths, self._each(self.objects.has, paths), strict=True) if not has]

    def delete(self, path: str) -> None:
        """Delete an object if it is there, and its copy."""
        self.objects.delete(path)
        self.cache.drop(path)

    def listing(self) -> Iterator[StoredFile]:
        """Data files in any folder but those that start with `_`."""
        for path, n_bytes, modified_us in self.objects.list():
            if path.endswith(_SUFFIX) and not path.startswith("_"):
                yield StoredFile(path, n_bytes, modified_us, is_partial=False)

    def log(self, snapshot: int, line: str) -> None:
        """Keep the line as an object of its own, in the place of an earlier one of the snapshot.

        Raises:
            StoreError: If the store does not take it.
        """
        text = line.encode()
        name = f"{JOURNAL}/{snapshot:012}{_LINE_SUFFIX}"
        self.objects.put(name, text, sha256=hashlib.sha256(text).hexdigest())

    def read_log(self, *, after: int = 0) -> Iterator[tuple[int, str]]:
        """Lines by snapshot."""
        lines = sorted(path for path, _, _ in self.objects.list(JOURNAL) if path.endswith(_LINE_SUFFIX))
        names = [path for path in lines if int(Path(path).stem) > after]
        for name, line in zip(names, self._each(self._text, names), strict=True):
            yield int(Path(name).stem), line

    def _fetch(self, path: str) -> Path:
        parts, n_bytes, sha256 = self.objects.get(path)
        return self.cache.add(path, _checked(path, parts, n_bytes, sha256))

    def _text(self, path: str) -> str:
        parts, n_bytes, sha256 = self.objects.get(path)
        return b"".join(_checked(path, parts, n_bytes, sha256)).decode()

    def _each(self, task: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
        if len(items) < 2:
            return [task(item) for item in items]
        with ThreadPoolExecutor(min(self.parallel, len(items)), thread_name_prefix="bucket") as pool:
            return list(pool.map(task, items))


def open_bucket(access: Access, cache: FileCache, *, parallel: int, codec: Codec = "zstd") -> Bucket:
    """The volume of a bucket; nothing is asked before it is used."""
    return Bucket(access.url, Objects(access), cache, parallel, codec)


def _checked(
    path: str, parts: Iterator[memoryview], n_bytes: int, sha256: str | None
) -> Iterator[memoryview]:
    """The parts themselves; an error at their end when they are not what was stored."""
    hasher, n_read = hashlib.sha256(), 0
    for part in parts:
        hasher.update(part)
        n_read += len(part)
        yield part
    if n_read != n_bytes:
        raise DamagedFileError(f"{path}: {n_read} of {n_bytes} bytes arrived")
    if sha256 not in {None, hasher.hexdigest()}:
        raise DamagedFileError(f"{path}: the SHA-256 of its bytes is not that of the commit")
