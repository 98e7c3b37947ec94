"""What `optimize run --estimate` answers: trials, time, memory and bytes of a batch that was not started."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from quantmill.core.sizes import size_text
from quantmill.optimize.axis import axis_names
from quantmill.optimize.estimate import Estimate, Range
from quantmill.verbs.json_form import Json, json_of
from quantmill.verbs.outcome import Outcome

__all__ = ["BatchEstimate", "parameters_text"]


@dataclass(frozen=True)
class BatchEstimate(Outcome):
    """An estimate; times are ranges of seconds for the whole batch, whatever of it is there already."""

    estimate: Estimate

    def to_json(self) -> Json:
        """The estimate's fields, each range as two: `cpu_s_low`, `cpu_s_high`, and so on."""
        values = asdict(self.estimate)
        for name in ("cpu_s", "wall_s", "lake_bytes"):
            ends = values.pop(name)
            values |= {f"{name}_{end}": ends[end] for end in ("low", "high")}
        models = [{"model_id": model_id, "symbol": symbol} for model_id, symbol in self.estimate.models]
        return json_of({**values, "models": models})

    def lines(self) -> list[str]:
        """Trials, time, memory, bytes, what is there, and that nothing was started."""
        one = self.estimate
        symbols = list(dict.fromkeys(symbol for _, symbol in one.models))
        return [
            f"{one.n_trials:,} trials: {_counted(len(one.models), 'model')} on {', '.join(symbols)}; "
            f"{parameters_text(one.space)}",
            f"{_counted(one.n_streams, 'stream')} of signals over {one.n_bars:,} bars, {_counted(one.n_chunks, 'chunk')} "
            f"of at most {one.chunk_trials:,} trials",
            f"time: {_seconds(one.cpu_s)} of CPU, {_seconds(one.wall_s)} on {_counted(one.n_threads, 'thread')}; from "
            f"{one.basis}, measured in {one.took_s:.1f} s",
            f"memory: about {size_text(one.memory_bytes)} at the peak; the trials take "
            f"{size_text(one.lake_bytes.low)} to {size_text(one.lake_bytes.high)} in the lake",
            *([one.note] if one.note else []),
            self._there(),
        ]

    def _there(self) -> str:
        one = self.estimate
        if one.batch_id is None:
            return "nothing of it is there yet; nothing was started"
        if one.status == "completed":
            return f"batch {one.batch_id} has all of it: running again repeats nothing without --force"
        return (
            f"batch {one.batch_id} ({one.status}) has {one.n_done:,} of the {one.n_trials:,} trials; running again "
            "does the others"
        )


def parameters_text(space: Mapping[str, Any]) -> str:
    """A recipe's parameters in one line: `4 threshold × 2 z_score_check`, and the sample."""
    texts: list[str] = []
    for name in axis_names():
        values = space[name]
        texts.append(f"{name} in {values}" if isinstance(values, str) else f"{len(values)} {name}")
    sample = space.get("sample")
    drawn = f"; {sample['n_trials']:,} drawn ({sample['kind']}, seed {sample['seed']})" if sample else ""
    return " × ".join(texts) + drawn


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _seconds(span: Range) -> str:
    """`2.1 to 4.5 s`, `12 to 26 min`."""
    for unit, length, limit in (("s", 1.0, 99.0), ("min", 60.0, 5_940.0)):
        if span.high < limit:
            return f"{span.low / length:.2g} to {span.high / length:.2g} {unit}"
    return f"{span.low / 3_600:.2g} to {span.high / 3_600:.2g} h"
