"""The picture of a machine: memory and disk in use, and how long the disk takes to be sure."""

import numpy as np

from quantmill.core.panels import BarPanel, LinePanel, Picture
from quantmill.core.sizes import size_text
from quantmill.upkeep.disk_speed import DiskSpeed
from quantmill.upkeep.machine import Machine

__all__ = ["hardware_picture"]


def hardware_picture(machine: Machine, speed: DiskSpeed) -> Picture:
    """Used and free shares of memory and disk; the times of all syncs in order."""
    free = np.array([machine.available_bytes, machine.free_bytes], dtype=np.float64)
    sizes = np.array([machine.memory_bytes, machine.disk_bytes], dtype=np.float64)
    shares = BarPanel(
        "Memory and disk",
        "share, %",
        ("memory", "disk"),
        {"in use": 100 * (1 - free / sizes), "free": 100 * free / sizes},
        limit=100.0,
        notes=tuple(
            f"{size_text(left)} free of {size_text(size)}" for left, size in zip(free, sizes, strict=True)
        ),
    )
    n_syncs = len(speed.sync_ms)
    syncs = LinePanel(
        "Time until 4 KiB are safe on disk",
        f"share of {n_syncs} appends with fsync, %",
        "milliseconds",
        100 * (np.arange(n_syncs) + 0.5) / n_syncs,
        {"fsync": np.array(speed.sync_ms)},
        marks={f"median {speed.quantile_ms(0.5):.2g} ms": speed.quantile_ms(0.5)},
        is_log=True,
    )
    return Picture(
        f"{machine.cpu_model}, {machine.n_usable} of {machine.n_threads} threads usable",
        ((shares, syncs),),
        (2.4,),
        legend=("in use", "free"),
        faint=("free",),
        note=f"{machine.system}; {machine.python}; long writes {size_text(speed.write_bytes_per_s)} a second; "
        f"file system {machine.file_system or 'unknown'}.",
    )
