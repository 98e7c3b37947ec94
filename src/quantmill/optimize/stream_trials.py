"""Trials that share a signal: one set of filters, each trial with a threshold of its own."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from quantmill.optimize.axis import Value
from quantmill.simulation.gates import NO_GATES, parse_gates
from quantmill.simulation.signal import Filters
from quantmill.simulation.thresholds import Threshold, parse_threshold

__all__ = ["Parameters", "StreamTrials", "filters_of", "stream_trials"]

Parameters = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class StreamTrials:
    """Numbers and thresholds of trials with the same filters; the thresholds are all numbers, or all percentiles."""

    filters: Filters
    numbers: list[int] = field(default_factory=list[int])
    thresholds: list[Threshold] = field(default_factory=list[Threshold])

    def __len__(self) -> int:
        """How many trials there are."""
        return len(self.numbers)

    def parts(self, size: int) -> Iterator["StreamTrials"]:
        """The trials in pieces of at most `size`."""
        for first in range(0, len(self), size):
            some = slice(first, first + size)
            yield StreamTrials(self.filters, self.numbers[some], self.thresholds[some])


def stream_trials(trials: Iterable[tuple[int, Parameters]]) -> list[StreamTrials]:
    """Trials, each a number and a configuration, grouped by what they share, in the order in which groups first appear."""
    groups: dict[tuple[Value, ...], StreamTrials] = {}
    for number, parameters in trials:
        threshold = parameters["threshold"]
        key = (
            isinstance(threshold, str),
            parameters["z_score_check"],
            parameters["volatility_normalization"],
            parameters.get("gates", NO_GATES.text),
        )
        group = groups.get(key)
        if group is None:
            group = groups[key] = StreamTrials(filters_of(parameters))
        group.numbers.append(number)
        group.thresholds.append(parse_threshold(threshold))
    return list(groups.values())


def filters_of(parameters: Parameters) -> Filters:
    """The filters of a configuration; no gates where it names none."""
    return Filters(
        z_score_check=bool(parameters["z_score_check"]),
        volatility_normalization=bool(parameters["volatility_normalization"]),
        gates=parse_gates(str(parameters.get("gates", NO_GATES.text))),
    )
