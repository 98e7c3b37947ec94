"""A compaction beside busy writers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from quantmill.core.clock import FixedClock
from quantmill.errors import CommitConflictError
from quantmill.lake import Lake
from quantmill.lake.commits import Commit
from quantmill.lake.compacting import Housekeeping, compact
from quantmill.lake.staging import Staged
from quantmill.testing.lakes import FIRST_MINUTE, make_bars


@dataclass
class Outrun:
    """Commits to a lake, but loses the first `n_lost` races."""

    lake: Lake
    n_lost: int
    lost: list[str] = field(default_factory=list)

    def commit(self, staged: Sequence[Staged], note: str) -> Commit:
        if len(self.lost) < self.n_lost:
            self.lost.append(note)
            self.lake.discard(staged)
            raise CommitConflictError("another commit published first")
        return self.lake.commit(staged, note=note)


def test_it_is_prepared_anew_as_often_as_a_write(lake: Lake) -> None:
    clock = lake.clock
    assert isinstance(clock, FixedClock)
    clock.instant = FIRST_MINUTE + timedelta(minutes=6)
    lake.append_live(make_bars("SPY", 5))
    clock.instant = FIRST_MINUTE + timedelta(days=1)
    outrun = Outrun(lake, n_lost=20)

    report = compact(Housekeeping(lake.volume, lake.state, clock, outrun.commit))

    assert (report.sessions, len(outrun.lost)) == (1, 20)
    assert lake.scan("bars").collect().height == 5
    assert lake.verify().findings == []
