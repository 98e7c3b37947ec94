"""What all trials of a batch share: costs, initial cash, rules of positions."""

from dataclasses import dataclass, field

from quantmill.simulation.fills import Costs
from quantmill.simulation.rules import NO_RULES, Rules
from quantmill.simulation.thresholds import Threshold
from quantmill.simulation.trial import DEFAULT_SETUP, TrialSetup

__all__ = ["BatchSetup"]


@dataclass(frozen=True, slots=True)
class BatchSetup:
    """A trial's setup without its threshold."""

    costs: Costs = field(default_factory=Costs)
    initial_cash_usd: float = 100_000.0
    rules: Rules = NO_RULES

    def __post_init__(self) -> None:
        """Refuse what a trial refuses, such as a start without money."""
        self.trial()

    def trial(self, threshold: Threshold = DEFAULT_SETUP.threshold) -> TrialSetup:
        """The setup of the trial with this threshold."""
        return TrialSetup(threshold, self.costs, self.initial_cash_usd, self.rules)
