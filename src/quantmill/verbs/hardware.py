"""The verb `hardware`: what the machine has, how fast its disk is, and what that means for settings."""

from dataclasses import asdict, dataclass
from typing import Final

import polars as pl

from quantmill.config.settings import Settings
from quantmill.core.panels import Picture
from quantmill.core.progress import Progress
from quantmill.core.sizes import size_text
from quantmill.upkeep.disk_speed import DiskSpeed, measure_disk
from quantmill.upkeep.hardware_picture import hardware_picture
from quantmill.upkeep.machine import Machine, look_at_machine
from quantmill.verbs.json_form import Json, json_of
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import Request

__all__ = ["READS_ONLY", "HardwareReport", "HardwareRequest", "draw", "run"]

READS_ONLY: Final = True
# A process that trains or simulates: the interpreter with its libraries, and the features of one symbol and year.
_WORKER_BYTES: Final = 1_000_000_000
# A commit syncs its data file, the file's folder, and the database.
_SYNCS_PER_COMMIT: Final = 3


class HardwareRequest(Request):
    """Show what this machine has and how fast its disk is.

    The disk is that of the home; a temporary file is written there for at most two seconds.
    """


@dataclass(frozen=True)
class HardwareReport(Outcome):
    """The machine, its disk, and what follows for settings: `suggested_workers` and `commit_ms` are estimates."""

    machine: Machine
    speed: DiskSpeed
    folder: str
    suggested_workers: int
    commit_ms: float
    advice: tuple[str, ...]

    def to_json(self) -> Json:
        """The machine's facts, the measured quantiles, the estimates."""
        return {
            **json_of(asdict(self.machine)),
            "folder": self.folder,
            "fsync_p50_ms": self.speed.quantile_ms(0.5),
            "fsync_p95_ms": self.speed.quantile_ms(0.95),
            "fsync_max_ms": self.speed.sync_ms[-1],
            "n_fsyncs": len(self.speed.sync_ms),
            "write_bytes_per_s": self.speed.write_bytes_per_s,
            "suggested_workers": self.suggested_workers,
            "commit_ms": self.commit_ms,
            "advice": list(self.advice),
        }

    def table(self) -> pl.DataFrame:
        """One row per fact, in words."""
        machine, speed = self.machine, self.speed
        cores = "" if machine.n_cores is None else f"{machine.n_cores} cores, "
        rate = "" if machine.cpu_mhz is None else f", {machine.cpu_mhz / 1000:.1f} GHz"
        facts = {
            "processor": f"{machine.cpu_model}{rate}",
            "threads": f"{cores}{machine.n_threads} threads, {machine.n_usable} usable, numba {machine.numba_threads}",
            "memory": f"{size_text(machine.memory_bytes)}, {size_text(machine.available_bytes)} available",
            "disk": f"{size_text(machine.disk_bytes)}, {size_text(machine.free_bytes)} free, "
            f"{machine.file_system or 'unknown file system'}",
            "fsync": f"median {speed.quantile_ms(0.5):.2g} ms, 95 % within {speed.quantile_ms(0.95):.2g} ms",
            "long write": f"{size_text(speed.write_bytes_per_s)} a second",
            "system": machine.system,
            "Python": machine.python,
            **machine.libraries,
        }
        return pl.DataFrame({"what": list(facts), "found": list(facts.values())})

    def lines(self) -> list[str]:
        """What follows from the facts."""
        return list(self.advice)


def run(mill: Mill, request: HardwareRequest, progress: Progress) -> HardwareReport:
    """Asks the operating system, and measures the disk where the home is, or would be.

    Raises:
        StoreError: If nothing can be written there.
    """
    root = mill.home.root.absolute()
    folder = next(place for place in (root, *root.parents) if place.is_dir())
    machine, speed = look_at_machine(folder), measure_disk(folder)
    workers = max(1, min(machine.n_usable, machine.available_bytes // _WORKER_BYTES))
    commit_ms = _SYNCS_PER_COMMIT * speed.quantile_ms(0.5)
    advice = _advice(machine, mill.settings, workers, commit_ms)
    return HardwareReport(machine, speed, str(folder), workers, commit_ms, advice)


def draw(report: HardwareReport) -> Picture:
    """Memory and disk in use, and the times of the syncs."""
    return hardware_picture(report.machine, report.speed)


def _advice(machine: Machine, settings: Settings, workers: int, commit_ms: float) -> tuple[str, ...]:
    limit = "threads are" if workers == machine.n_usable else "memory is"
    lines = [
        f"room for {workers} workers at a time, {size_text(_WORKER_BYTES)} of memory each; {limit} the limit"
    ]
    threads = settings.optimize.max_concurrent
    if threads != machine.n_usable:
        lines.append(
            f"setting optimize.max_concurrent is {threads}; grids use all of this machine with {machine.n_usable}"
        )
    if settings.web.workers > workers:
        lines.append(
            f"setting web.workers is {settings.web.workers}; more than {workers} will slow one another"
        )
    lines.append(f"a commit to the lake waits about {commit_ms:.2g} ms for this disk")
    return tuple(lines)
