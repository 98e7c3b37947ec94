"""The home that is looked after: its folders, lake, state and clock."""

from dataclasses import dataclass

from quantmill.config.home import Home
from quantmill.core.clock import Clock
from quantmill.lake.store import Lake
from quantmill.state.engine import State

__all__ = ["Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """An open home."""

    home: Home
    lake: Lake

    @property
    def state(self) -> State:
        """The state database."""
        return self.lake.state

    @property
    def clock(self) -> Clock:
        """Tells what is old."""
        return self.lake.clock
