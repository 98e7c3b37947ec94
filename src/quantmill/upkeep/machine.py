"""What this machine has: processor, memory, disk, versions of Python and libraries."""
# psutil has no types.
# pyright: basic

import platform
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import numba.core.config
import psutil

__all__ = ["Machine", "look_at_machine"]

_LIBRARIES: Final = (
    "quantmill",
    "numpy",
    "polars",
    "pyarrow",
    "duckdb",
    "numba",
    "SQLAlchemy",
    "scikit-learn",
    "scipy",
    "lightgbm",
    "xgboost-cpu",
    "xgboost",
)
_CPU_INFO: Final = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine as the operating system tells it.

    Attributes:
        system: Operating system with its version, and the processor's architecture.
        cpu_model: Name of the processor.
        n_cores: Physical cores, None when unknown.
        n_threads: Logical processors.
        n_usable: Logical processors that this process may use.
        cpu_mhz: Highest, else present clock rate, None when unknown.
        memory_bytes: Installed memory.
        available_bytes: Memory that can be had without swapping.
        disk_bytes: Size of the disk of the folder asked about.
        free_bytes: Free on it.
        file_system: Its type, None when unknown.
        python: Version and implementation of Python.
        numba_threads: Threads of parallel kernels.
        libraries: Versions by name, SQLite's library among them.
    """

    system: str
    cpu_model: str
    n_cores: int | None
    n_threads: int
    n_usable: int
    cpu_mhz: float | None
    memory_bytes: int
    available_bytes: int
    disk_bytes: int
    free_bytes: int
    file_system: str | None
    python: str
    numba_threads: int
    libraries: Mapping[str, str]


def look_at_machine(folder: Path) -> Machine:
    """What the machine has, its disk being the one of an existing folder."""
    memory = psutil.virtual_memory()
    disk = shutil.disk_usage(folder)
    n_threads = psutil.cpu_count() or 1
    frequency = psutil.cpu_freq() if hasattr(psutil, "cpu_freq") else None
    return Machine(
        system=f"{platform.system()} {platform.release()}, {platform.machine()}",
        cpu_model=_cpu_model(),
        n_cores=psutil.cpu_count(logical=False),
        n_threads=n_threads,
        n_usable=_usable(n_threads),
        cpu_mhz=None if frequency is None else (frequency.max or frequency.current or None),
        memory_bytes=int(memory.total),
        available_bytes=int(memory.available),
        disk_bytes=disk.total,
        free_bytes=disk.free,
        file_system=_file_system(folder),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        numba_threads=int(getattr(numba.core.config, "NUMBA_NUM_THREADS")),  # noqa: B009 - set at run time
        libraries={**_versions(), "SQLite": sqlite3.sqlite_version},
    )


def _usable(n_threads: int) -> int:
    process = psutil.Process()
    return len(process.cpu_affinity()) if hasattr(process, "cpu_affinity") else n_threads


def _cpu_model() -> str:
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return " ".join(value.split())
    return platform.processor() or platform.machine()


def _file_system(folder: Path) -> str | None:
    """Type of the file system whose mount point is the nearest above the folder."""
    at = folder.resolve()
    mounts = [part for part in psutil.disk_partitions(all=True) if at.is_relative_to(part.mountpoint)]
    return max(mounts, key=lambda part: len(part.mountpoint)).fstype or None if mounts else None


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
