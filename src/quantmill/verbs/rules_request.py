"""Requests that may trade beyond long, all in and all out: side, size, stops, flat at the close."""

from typing import Annotated, Literal

from pydantic import Field

from quantmill.simulation.rules import Rules
from quantmill.verbs.request import Request, Unit

__all__ = ["RulesRequest"]


class RulesRequest(Request):
    """A request with the rules of its positions; all are off by default."""

    side: Literal["long", "short", "both"] = Field(
        default="long",
        description="What signals open: long positions, short ones, or both, where an opposite signal turns the position.",
    )
    size: str = Field(
        default="all_in",
        description="Budget of a position: all_in, usd:10000, fraction:0.5 of the equity at the signal, or volatility:0.1, "
        "a yearly volatility to aim at.",
    )
    stop_loss: Annotated[float | None, Unit("fraction of the entry price")] = Field(
        default=None, gt=0, lt=1, description="Close a position that has lost this much, also inside a bar."
    )
    take_profit: Annotated[float | None, Unit("fraction of the entry price")] = Field(
        default=None,
        gt=0,
        description="Close a position that has won this much; the stop comes first where a bar reaches both.",
    )
    trailing_stop: Annotated[float | None, Unit("fraction of the best price since the entry")] = Field(
        default=None, gt=0, lt=1, description="Close a position that has fallen back this much."
    )
    flat_at_close: bool = Field(
        default=False, description="Close positions at the close of each session's last bar."
    )
    borrow_bps: Annotated[float, Unit("basis points a year")] = Field(
        default=0.0, ge=0, description="Cost of shares sold short, by their value at each session's end."
    )

    def rules(self) -> Rules:
        """The rules asked for.

        Raises:
            UsageError: If the size cannot be used.
        """
        return Rules(
            self.side,
            self.size,
            self.stop_loss,
            self.take_profit,
            self.trailing_stop,
            self.flat_at_close,
            self.borrow_bps,
        )
