"""What a trial may do beyond long, all in and all out: the other side, sizing, stops, flat at the close."""

import math
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, cast, get_args

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.datasets.volatility_scale import volatility_of_closes
from quantmill.errors import UsageError
from quantmill.simulation.fill_models import FillModel, FillMoment
from quantmill.simulation.market import Market
from quantmill.simulation.session_metrics import SESSIONS_PER_YEAR

__all__ = ["AT_CLOSE", "AT_OPEN", "INSIDE", "NO_RULES", "RuleNumbers", "Rules", "Side", "Sizing"]

Side = Literal["long", "short", "both"]
Sizing = Literal["all_in", "usd", "fraction", "volatility"]

AT_OPEN, INSIDE, AT_CLOSE = range(3)
_MOMENTS: Final[dict[FillMoment, int]] = {"open": AT_OPEN, "inside": INSIDE, "close": AT_CLOSE}
_SIDES: Final = get_args(Side)
_SIZINGS: Final = get_args(Sizing)
_SIZE_HINT: Final = "give all_in, usd:10000, fraction:0.5 of the equity, or volatility:0.1 a year"


class RuleNumbers(NamedTuple):
    """Rules as the kernel takes them; a distance that is off is infinite, `position_usd` without a limit too."""

    opens_long: bool
    opens_short: bool
    position_usd: float
    stop_loss_frac: float
    take_profit_frac: float
    trailing_stop_frac: float
    flat_at_close: bool
    borrow_frac: float
    moment: int
    stays_in_range: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules of a trial; the defaults are all off. What each does: docs/decisions/0013.

    Attributes:
        side: What a signal may open: `long`, `short`, or `both`, where an opposite signal turns the position.
        size: The budget of a position, which pays its shares and the fee of the order that opens it: `all_in`
            (all equity), `usd:N` dollars, `fraction:F` of the equity at the signal's close, or `volatility:V`,
            V ÷ present yearly volatility of the equity, at most all of it. Never more than the cash at hand.
        stop_loss_frac: Distance of the stop from the entry price, a fraction of it; None is off.
        take_profit_frac: Distance of the target from the entry price.
        trailing_stop_frac: Distance of the trailing stop from the best price since the entry.
        flat_at_close: Close every position at the close of its session's last bar and open none in that bar.
        borrow_bps: Basis points a year of the value of a short position, paid 1/252 at each session's end.
    """

    side: Side = "long"
    size: str = "all_in"
    stop_loss_frac: float | None = None
    take_profit_frac: float | None = None
    trailing_stop_frac: float | None = None
    flat_at_close: bool = False
    borrow_bps: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be done, and write the size in one way."""
        if self.side not in _SIDES:
            raise UsageError(f"unknown side {self.side!r}", hint=f"use one of {', '.join(_SIDES)}")
        sizing, amount = _parsed_size(self.size)
        object.__setattr__(self, "size", sizing if sizing == "all_in" else f"{sizing}:{amount:.15g}")
        for name in ("stop_loss_frac", "trailing_stop_frac"):
            value: float | None = getattr(self, name)
            if value is not None and not 0.0 < value < 1.0:
                raise UsageError(
                    f"{name} is {value}, it must lie between 0 and 1", hint="0.02 is two percent"
                )
        target = self.take_profit_frac
        if target is not None and not 0.0 < target < math.inf:
            raise UsageError(
                f"take_profit_frac is {target}, it must be a number above 0", hint="0.02 is two percent"
            )
        if not 0.0 <= self.borrow_bps < math.inf:
            raise UsageError(f"borrow_bps is {self.borrow_bps}, it must be a number of zero or more")

    @property
    def sizing(self) -> Sizing:
        """How a position's budget is found."""
        return _parsed_size(self.size)[0]

    @property
    def parameters(self) -> dict[str, str | float | bool]:
        """What decides something by name, defaults left out: a rule that is off names no parameter.

        So runs and configurations made without rules keep their identity.
        """
        values: dict[str, str | float | bool | None] = {
            "side": self.side,
            "position_size": self.size,
            "stop_loss_frac": self.stop_loss_frac,
            "take_profit_frac": self.take_profit_frac,
            "trailing_stop_frac": self.trailing_stop_frac,
            "flat_at_close": self.flat_at_close,
            # Without short positions it decides nothing.
            "borrow_bps": 0.0 if self.side == "long" else float(self.borrow_bps),
        }
        off = {"side": "long", "position_size": "all_in", "flat_at_close": False, "borrow_bps": 0.0}
        return {name: value for name, value in values.items() if value is not None and value != off.get(name)}

    def __bool__(self) -> bool:
        """Whether any rule decides something."""
        return bool(self.parameters)

    def numbers(self, model: FillModel) -> RuleNumbers:
        """What the kernel needs besides arrays, for orders that fill as this model says."""
        sizing, amount = _parsed_size(self.size)
        return RuleNumbers(
            self.side != "short",
            self.side != "long",
            amount if sizing == "usd" else math.inf,
            _distance(self.stop_loss_frac),
            _distance(self.take_profit_frac),
            _distance(self.trailing_stop_frac),
            self.flat_at_close,
            self.borrow_bps * 1e-4 / SESSIONS_PER_YEAR,
            _MOMENTS[model.moment],
            model.stays_in_range,
        )

    def size_weight(self, market: Market) -> Floats:
        """The part of the equity that a signal of each bar may use, shape (n_bars,), NaN where it is unknown.

        Empty where the equity at the signal does not matter. Value `i` uses bars up to `i` of these sessions alone;
        a year has 252 sessions of the longest length met so far.
        """
        sizing, amount = _parsed_size(self.size)
        if sizing == "fraction":
            return np.full(market.n_bars, amount)
        if sizing != "volatility":
            return np.empty(0)
        first = np.ones(market.n_bars, dtype=np.bool_)
        first[1:] = market.session[1:] != market.session[:-1]
        bars_per_year = SESSIONS_PER_YEAR * np.maximum.accumulate(market.session_minutes)
        yearly = volatility_of_closes(market.close, first) * np.sqrt(bars_per_year)
        weight = np.full(market.n_bars, np.nan)
        moves = yearly > 0.0
        weight[moves] = np.minimum(amount / yearly[moves], 1.0)
        return weight


def _parsed_size(text: str) -> tuple[Sizing, float]:
    sizing, colon, number = text.partition(":")
    if text == "all_in":
        return "all_in", math.inf
    try:
        amount = float(number)
    except ValueError:
        amount = math.nan
    if sizing not in _SIZINGS or sizing == "all_in" or not colon or not 0.0 < amount < math.inf:
        raise UsageError(f"unknown size {text!r}", hint=_SIZE_HINT)
    if sizing == "fraction" and amount > 1.0:
        raise UsageError(f"size is {text}: a position of more than the equity", hint=_SIZE_HINT)
    return cast("Sizing", sizing), amount


def _distance(frac: float | None) -> float:
    return math.inf if frac is None else float(frac)


NO_RULES: Final = Rules()
"""Long, all in and all out."""
