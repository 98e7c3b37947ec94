"""Memory that this process holds at the moment."""
# psutil has no types.
# pyright: basic

import psutil

__all__ = ["resident_bytes"]


def resident_bytes() -> int:
    """Bytes of this process in memory."""
    return int(psutil.Process().memory_info().rss)
